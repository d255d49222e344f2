"""Rows to show from a warehouse in a store: as many as are asked for, and damage by its name."""

import pytest

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Url
from interest_spark.reports.lookup import day_rows
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.small_tables import put_rows

DAY = "2026-01-05"
ROWS = [{"item_id": f"i{index}", "item_index": index, "first_day": DAY} for index in range(2, 9)]


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
