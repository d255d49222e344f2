"""What an operator sees of nights that went well and of those that did not: the journal, the screen, the messages."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.log_files import deliver, event, shop_config, write_config

ROOT = Path(__file__).parents[2]
DAY = "2026-01-02"


def interest(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "jobs.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def report_of(*arguments: str) -> dict[str, Any]:
    done = interest(*arguments)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def test_a_night_that_failed_is_told_until_it_is_mended(tmp_path: Path) -> None:
    told, figures = tmp_path / "told", tmp_path / "figures"
    teller = (sys.executable, "-c", f"import sys; open({str(told)!r}, 'a').write(sys.stdin.read() + chr(10))")
    operations = {"metrics_folder": str(figures), "notify": {"command": list(teller)}}
    settings = shop_config(tmp_path, ingest={"max_bad_share": 0.0}, operations=operations)
    config = str(write_config(tmp_path / "shop.yaml", settings))
    run = ("--config", config, "--day", DAY)

    assert report_of("status", "--config", config)["failures"] == []
    deliver(tmp_path, DAY, [event(), "broken"])
    assert interest("plan", *run).returncode == 0
    assert not (tmp_path / "warehouse" / "_journal").exists()

    blocked = interest("ingest", *run)
    assert blocked.returncode == 3
    (message,) = map(json.loads, told.read_text().splitlines())
    assert (message["status"], message["step"], message["job"]) == ("blocked", "events", "ingest")
    assert 'interest_spark_run_exit_code{job="ingest"} 3.0' in (figures / "interest_spark_ingest.prom").read_text()
    screen = interest("status", "--config", config)
    assert "blocked: events of 2026-01-02" in screen.stdout
    (failure,) = json.loads(screen.stdout.splitlines()[-1])["failures"]
    assert (failure["step"], failure["day"], failure["status"]) == ("events", DAY, "blocked")

    deliver(tmp_path, DAY, [event()])
    done = interest("ingest", *run)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    committed = {line["table"]: line for line in lines if line["event"] == "table committed"}
    assert committed["events"]["step"] == "events"
    assert committed["events"]["day"] == DAY
    assert committed["events"]["rows"] == 1
    assert len({line["run_id"] for line in lines}) == 1

    state = report_of("status", "--config", config)
    assert state["failures"] == []
    assert state["steps"]["events"] == {DAY: "made"}
    assert {each["table"]: each["newest_day"] for each in state["tables"]}["events"] == DAY
    assert len(told.read_text().splitlines()) == 1
    history = report_of("history", "--config", config, "--step", "events")
    assert [(each["status"], each["rows"]) for each in history["runs"]] == [("blocked", 0), ("done", 2)]
    assert report_of("ingest", *run)["status"] == "nothing_to_do"
    assert len(report_of("history", "--config", config, "--step", "events")["runs"]) == 2
    assert report_of("daily", *run, "--steps", "ingest", "--force")["job"] == "daily"
    history = report_of("history", "--config", config, "--step", "events")
    assert [each["job"] for each in history["runs"]] == ["ingest", "ingest", "daily-ingest"]


def test_a_step_that_does_not_exist_is_refused_with_the_nearest(tmp_path: Path) -> None:
    config = str(write_config(tmp_path / "shop.yaml", shop_config(tmp_path)))
    done = interest("history", "--config", config, "--step", "event")
    assert done.returncode == 2
    assert "did you mean 'events'" in done.stderr
