"""What is shown of a warehouse in a store: as many rows as are asked for, damage by its name, and the whole report."""

import re
from datetime import date
from pathlib import Path

import pytest

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Url
from interest_spark.pipeline.context import RunContext
from interest_spark.reports.html.page import build_page
from interest_spark.reports.html.source import ReportSource
from interest_spark.reports.lookup import day_rows
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.folder_files import write_file
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from jobs import report
from tests import report_world
from tests.small_tables import put_rows

DAY = "2026-01-05"
ROWS = [{"item_id": f"i{index}", "item_index": index, "first_day": DAY} for index in range(2, 9)]

_CONFIGURATION = re.compile("<code>[0-9a-f]{12}</code>")
"""The configuration's digest, which says where the warehouse is."""


@pytest.fixture
def warehouse(s3_store: Url) -> Warehouse:
    found = Warehouse(s3_store)
    put_rows(found, "vocab", "1", {Slice(DAY): ROWS})
    return found


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_first_rows_of_a_day(warehouse: Warehouse, limit: int) -> None:
    assert day_rows(warehouse, "vocab", DAY, limit)["item_id"].to_pylist() == [
        row["item_id"] for row in ROWS[: min(limit, len(ROWS))]
    ]


def test_a_damaged_file_is_named(warehouse: Warehouse) -> None:
    (file,) = warehouse.files("vocab", day=DAY)
    store, path = store_of(file)
    content = store.read(path)
    store.write(path, content[:4] + bytes(len(content) - 4))
    with pytest.raises(BadDataError, match=r"data file s3://.* cannot be read"):
        day_rows(warehouse, "vocab", DAY, 5)


def test_the_report_is_that_of_the_same_warehouse_on_this_machine(s3_store: Url, tmp_path: Path) -> None:
    here = report_world.write_report_world(tmp_path)
    for path in Path(here.warehouse).rglob("*"):
        if path.is_file():
            write_file(s3_store / "warehouse" / path.relative_to(here.warehouse).as_posix(), path.read_bytes())
    there = here.model_copy(update={"warehouse": s3_store / "warehouse"})
    outcome = report.run(RunContext(there, date.fromisoformat(report_world.DAY)), out=None)
    place = f"{s3_store}/warehouse-reports/report-{report_world.DAY}.html"
    assert (outcome.status, outcome.details["report"]) == ("done", place)
    store, path = store_of(place)
    found, expected = store.read(path).decode(), build_page(ReportSource(here, report_world.DAY))
    assert _CONFIGURATION.sub("", found) == _CONFIGURATION.sub("", expected)
