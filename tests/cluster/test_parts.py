"""Tasks' own data files in S3: one request writes one, one reads it, and damage names it."""

import secrets
from collections.abc import Iterator

import polars as pl
import pyarrow as pa
import pytest

from interest_spark.features.day_files import DayFile, read_counts
from interest_spark.foundation.errors import BadDataError
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import Bucket, read_bucket
from interest_spark.storage.committed_files import read_committed
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.parts import read_columns, read_pieces, write_days, write_part
from interest_spark.storage.stores.s3 import bucket
from interest_spark.storage.table_schemas import conform, file_schema
from tests.cluster.s3_server import BUCKET, S3Server

DAY = "2026-01-02"


@pytest.fixture
def folder(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    bucket.cache_clear()
    yield f"s3://{BUCKET}/{secrets.token_hex(4)}"
    bucket.cache_clear()


def _rows(table: str, **columns: list[object]) -> pa.Table:
    return conform(pa.table(columns), TABLES[table])


def test_a_file_costs_a_request_to_write_and_one_to_read(folder: str, s3: S3Server) -> None:
    rows = _rows("vocab", item_id=["a", "b"], item_index=[2, 3], first_day=[DAY, DAY])
    before = s3.count()
    path = write_part(f"{folder}/vocab/run-1", "vocab", DAY, rows, 0)
    assert s3.count() - before == {"PutObject": 1}
    before = s3.count()
    assert read_committed(path, file_schema("vocab")).to_pylist() == rows.to_pylist()
    requests = s3.count() - before
    assert requests["GetObject"] == 1 and requests.total() <= 2
    assert read_columns([path], item_id=pl.String)["item_id"].to_list() == ["a", "b"]
    assert [piece["item_id"].to_list() for piece in read_pieces(path, ["item_id"])] == [["a", "b"]]


def test_a_file_a_day_and_counts_are_read(folder: str) -> None:
    names = TABLES["item_days"].names
    rows = pl.DataFrame(TABLES["item_days"].empty_table())
    given = {"item_id": ["a", "b"], "behavior": ["view", "buy"]}
    rows = pl.concat([rows, pl.DataFrame(given)], how="diagonal").select(names)
    paths = write_days(
        f"{folder}/item_days/run-1", "item_days", rows.with_columns(dt=pl.Series([DAY, "2026-01-03"])), 0
    )
    assert [path.split("/")[-2] for path in paths] == [f"dt={DAY}", "dt=2026-01-03"]
    assert read_counts(DayFile(paths[1], 1, "2026-01-03"), ["buy"])["item_id"].to_list() == ["b"]


def test_users_stay_in_their_bucket(folder: str) -> None:
    rows = _rows("sequences", user_id=["u1"])
    path = write_part(f"{folder}/sequences/run-1", "sequences", DAY, rows, Bucket(0, 1))
    buckets = [read_bucket("sequences", [path], Bucket(number, 2))["user_id"].to_pylist() for number in (0, 1)]
    assert sorted(buckets) == [[], ["u1"]]


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_damaged_file_is_named_with_what_makes_it_anew(folder: str, damage: str) -> None:
    path = write_part(f"{folder}/vocab/run-1", "vocab", DAY, _rows("vocab", item_id=["a"]), 0)
    store, key = store_of(path)
    if damage == "gone":
        store.delete(key)
    else:
        store.write(key, store.read(key)[:-20])
    with pytest.raises(BadDataError, match=r"data file s3://.* cannot be read.*restore it from a copy"):
        read_committed(path, file_schema("vocab"))
    with pytest.raises(BadDataError, match="data file s3://"):
        list(read_pieces(path, ["item_id"]))
