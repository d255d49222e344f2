"""A delivery that is refused as a whole keeps its bad lines readable, and a source that matches nothing is told."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.reports.html.page import build_page
from interest_spark.reports.html.source import ReportSource
from interest_spark.storage.refused import refusals_of
from interest_spark.storage.warehouse import Warehouse
from jobs.show import command
from tests.log_files import deliver, event, shop_config, write_config
from tests.runs import run_job

pytestmark = pytest.mark.usefixtures("spark")
DAY = "2026-01-02"


def run(config: Any) -> Any:
    return run_job("ingest", RunContext(config, date.fromisoformat(DAY)))


def show(path: Path) -> str:
    return (
        CliRunner().invoke(command, ["quarantine", "--config", str(path), "--day", DAY], catch_exceptions=False).stdout
    )


def test_the_bad_lines_of_a_refused_day_are_shown_until_it_is_made(tmp_path: Path) -> None:
    config = shop_config(tmp_path, ingest={"max_bad_share": 0.1})
    path = write_config(tmp_path / "shop.yaml", config)
    deliver(tmp_path, DAY, [event(), "broken-1", event(user_id=None, item_id="lost")])
    with pytest.raises(BadDataError, match=rf"`interest show quarantine --day {DAY}`"):
        run(config)
    assert Warehouse(config.warehouse).version("quarantine") == -1
    out = show(path)
    assert "of which nothing was published" in out and "max_bad_share" in out
    assert "broken-1" in out and "not_json" in out and "missing_user" in out
    deliver(tmp_path, DAY, [event(), *[event(item_id=f"{n}") for n in range(20)], "broken-2"])
    run(config)
    out = show(path)
    assert "broken-2" in out and "broken-1" not in out and "nothing was published" not in out
    assert refusals_of(Warehouse(config.warehouse).root, DAY) == []


def test_items_of_which_none_can_be_used_are_refused_with_an_example(tmp_path: Path) -> None:
    """Taken for now, times that cannot be read would let the last line of a file win, and the future into the past."""
    columns = {"item_id": "sku", "title": "name", "updated_at": "upd"}
    source = {"path": "catalog.csv", "format": "csv", "columns": columns}
    config = shop_config(tmp_path, sources={"items": source})
    deliver(tmp_path, DAY, [event()])
    (tmp_path / "raw/catalog.csv").write_text("sku,name,upd\nA1,old,1769000000\nA1,new,1772500000\n")
    with pytest.raises(BadDataError, match=r"not one of 2 lines .*bad_time: .*line 2 .*time_format: unix_s"):
        run(config)
    (tmp_path / "raw/catalog.csv").write_text("sku,name,upd\nA1,old,1769000000\nA1,new,2026-01-01\n")
    run(config)
    found = Warehouse(config.warehouse)
    assert [row["title"] for row in found.read_small("items").to_pylist()] == ["new"]
    assert [row["reason"] for row in found.read_small("quarantine", name="items").to_pylist()] == ["bad_time"]


def test_a_source_that_matches_nothing_is_told_and_stands_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = {"items": {"path": "katalog/*"}, "users": {"path": "users/dt={day}/*"}}
    config = shop_config(tmp_path, sources=missing)
    deliver(tmp_path, DAY, [event()])
    deliver(tmp_path, DAY, [{"user_id": "u1"}], kind="users")
    run(config)
    said = capsys.readouterr()
    assert "no file matches sources.items.path" in said.out + said.err
    assert "sources.users.path" not in said.out + said.err
    page = build_page(ReportSource(config, DAY))
    assert "<code>sources.items.path</code>" in page and "<code>sources.users.path</code>" not in page
