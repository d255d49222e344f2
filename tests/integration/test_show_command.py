"""`interest show` on a small warehouse, as a user calls it."""

import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from jobs.show import command
from tests.integration.warehouse_world import commit, event, item_id, popularity, sequence

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAY = "2026-01-10"


@pytest.fixture(scope="module")
def config(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("show")
    warehouse = root / "warehouse"
    updated = datetime(2026, 1, 9, tzinfo=timezone.utc)
    old = [(item_id(2), "old title", None, None, None, None, None, None, updated)]
    new = [(item_id(item), f"茶壶 {item} 🍵", None, None, None, 9.5, None, None, updated) for item in (2, 3)]
    commit(spark, warehouse, "items", "2026-01-08", old)
    commit(spark, warehouse, "items", "2026-01-09", new)
    commit(spark, warehouse, "vocab", "2026-01-08", [(item_id(item), item, "2026-01-08") for item in (2, 3, 4)])
    commit(spark, warehouse, "sequences", DAY, [sequence("小明", [2, 4, 3]), sequence("quiet", [4])])
    commit(spark, warehouse, "popularity", DAY, popularity({2: 3, 3: 2}))
    suggestions = [("小明", 1, item_id(3), 0.75, "model", "m1"), ("小明", 2, item_id(4), 0.5, "popularity", "m1")]
    commit(spark, warehouse, "recommendations", DAY, suggestions)
    commit(spark, warehouse, "unserved", DAY, [("quiet", "too_few_candidates", 0), ("robot", "bot", 0)])
    commit(spark, warehouse, "events", DAY, [event("小明", item_id(2), DAY, 1.5)])
    path = root / "shop.yaml"
    path.write_text(f"warehouse: {warehouse}\nsources: {{events: {{path: unused}}}}\n", encoding="utf-8")
    return path


def show(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--config", str(config)], catch_exceptions=False)


def test_a_users_last_events_and_suggestions(config: Path) -> None:
    out = show(config, "recommendations", "--day", DAY, "--user", "小明").stdout
    history, suggested = out.split("Suggestions for 小明 on 2026-01-10 by model m1")
    order = [history.index(text) for text in ("02:00:00", "茶壶 3 🍵", "01:00:00", item_id(4), "00:00:00", "茶壶 2 🍵")]
    assert order == sorted(order) and "view" in history
    lines = [line.split() for line in suggested.splitlines() if item_id(3) in line or item_id(4) in line]
    assert lines == [["1", item_id(3), "茶壶", "3", "🍵", "0.75", "model"], ["2", item_id(4), "0.5", "popularity"]]


def test_a_user_without_suggestions_is_told_why(config: Path) -> None:
    out = show(config, "recommendations", "--day", DAY, "--user", "quiet").stdout
    assert item_id(4) in out and "fewer than 10 suggestions for the reason too_few_candidates" in out
    assert "reason bot" in show(config, "recommendations", "--day", DAY, "--user", "robot").stdout


def test_any_table_with_titles_and_a_limit(config: Path) -> None:
    out = show(config, "recommendations", "--day", DAY, "--limit", "1").stdout
    assert "茶壶 3 🍵" in out and item_id(4) not in out
    assert "茶壶 2 🍵" in show(config, "events", "--day", DAY, "--user", "小明").stdout
    assert "old title" in show(config, "items", "--day", "2026-01-08").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("recomendations", "--day", DAY), "did you mean 'recommendations'?"),
        (("models", "--day", DAY), "table models is not in"),
        (("recommendations", "--day", "2026-01-11"), "no day 2026-01-11; it has 2026-01-10: try --day 2026-01-10"),
        (("recommendations", "--day", "11.1."), "write it as YYYY-MM-DD"),
        (("recommendations", "--day", DAY, "--user", "nobody"), "users there are for example 小明"),
        (("sequences", "--day", DAY, "--user", "nobody"), "users there are for example"),
        (("vocab", "--day", "2026-01-08", "--user", "小明"), "leave --user out"),
    ],
)
def test_what_is_wrong_is_named(config: Path, arguments: tuple[str, ...], message: str) -> None:
    result = show(config, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr and result.stdout == ""


def test_an_output_of_any_encoding_shows_it(config: Path) -> None:
    arguments = ["recommendations", "--day", DAY, "--config", str(config)]
    for charset in ("ascii", "latin-1", "gb18030"):
        result = CliRunner(charset=charset).invoke(command, arguments, catch_exceptions=False)
        title = "茶壶 3 🍵" if charset == "gb18030" else r"\u8336\u58f6 3 \U0001f375"
        assert result.exit_code == 0 and title in result.stdout


def test_ids_without_end_leave_room_for_the_rest_of_the_message(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.show.some_users", lambda *_: ["u" * 900_000, "\x1b[31mv" * 100_000, "小明"])
    result = show(config, "sequences", "--day", DAY, "--user", "n" * 900_000)
    assert result.exit_code == 2 and len(result.stderr) < 1_500 and "\x1b" not in result.stderr
    assert "(900000 characters)' is not in sequences" in result.stderr and "小明" in result.stderr


def test_needs_no_spark_and_no_tensorflow() -> None:
    code = "import sys, jobs.show; sys.exit(any(name in sys.modules for name in ('pyspark', 'tensorflow')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
