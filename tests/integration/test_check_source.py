"""`interest check-source`, as a user calls it: no Spark, nothing written."""

import json
import subprocess
import sys
from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from interest_spark.config.file import load_config
from jobs.check_source import command

DAY = "2026-01-30"
LINES = [{"uid": f"u{n}", "sku": f"A{n}", "action": "pv", "ts": 1_769_767_200_000 + n} for n in range(20)]


def check(root: Path, sources: str) -> Result:
    config = root / "shop.yaml"
    config.write_text(f"warehouse: {root}/warehouse\nsources:\n  root: {root}\n  {sources}\n", encoding="utf-8")
    return CliRunner().invoke(command, ["--config", str(config), "--day", DAY], catch_exceptions=False)


def deliver(root: Path, lines: list[object]) -> None:
    (root / DAY).mkdir()
    (root / DAY / "a.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def test_a_mapping_is_shown_with_values_and_with_what_would_be_refused(tmp_path: Path) -> None:
    deliver(tmp_path, [*LINES, {"uid": "u", "sku": "A", "action": "stare", "ts": 1}])
    columns = "{user_id: uid, item_id: sku, behavior: action, event_time: ts}"
    source = f"events: {{path: '{{day}}/*', columns: {columns}, behaviors: {{pv: view}}, time_format: unix_ms}}"
    done = check(tmp_path, source)
    assert done.exit_code == 0, done.output
    assert "u0, u1, u2" in done.stdout and "A0, A1, A2" in done.stdout
    assert "20 rows are good" in done.stdout and "1 unknown_behavior, for example line 21: " in done.stdout
    assert json.loads(done.stdout.splitlines()[-1])["sources"]["sources.events"]["rows"]["good"] == 20
    assert not (tmp_path / "warehouse").exists()


def test_a_path_is_enough_for_a_mapping_to_paste(tmp_path: Path) -> None:
    deliver(tmp_path, [*LINES])
    done = check(tmp_path, "events: {path: '{day}/*'}")
    text = done.stdout.split("rows are good:\n")[1].rpartition("\n{")[0]
    pasted = yaml.safe_load("\n".join(line[4:] for line in text.splitlines()))
    assert pasted["events"]["columns"] == {"user_id": "uid", "item_id": "sku", "behavior": "action", "event_time": "ts"}
    (tmp_path / "new.yaml").write_text(yaml.safe_dump({"warehouse": "w", "sources": {"root": str(tmp_path), **pasted}}))
    events = load_config(tmp_path / "new.yaml").sources.of_events[0]
    assert (events.time_format, events.behaviors, events.path) == ("unix_ms", {"pv": "view"}, f"{tmp_path}/{{day}}/*")


def test_a_day_without_a_file_says_where_one_was_looked_for(tmp_path: Path) -> None:
    done = check(tmp_path, "events: {path: '{day}/*'}")
    assert done.exit_code == 3 and "no raw files match" in done.stderr


def test_spark_is_not_needed() -> None:
    code = "import jobs.check_source, sys; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
