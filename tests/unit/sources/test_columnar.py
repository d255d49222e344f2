"""Parquet and ORC have the rows that lines of JSON with the same values have."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import orc

from interest_spark.config.source import SourceConfig
from interest_spark.sources.canonical import CanonicalReader
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.pieces import Piece
from tests.unit.sources.rows import read_rows
from tests.unit.sources.test_pieces import pieces_of_source

WRITE: dict[str, Callable[[pa.Table, Path], None]] = {
    "parquet": lambda table, path: pq.write_table(table, path, row_group_size=3),
    "orc": lambda table, path: orc.write_table(table, path),
}
NOON = datetime(2026, 1, 30, 12, 0, 0, 5000, timezone.utc)


def events(path: Path, table: pa.Table, kind: str = "parquet", **keys: Any) -> list[dict[str, Any]]:
    WRITE[kind](table, path)
    reader = CanonicalReader("events", SourceConfig(path="", format=kind, **keys), 1000)
    return pl.concat(reader.read([Piece("2026-01-30", str(path))])).to_dicts()


@pytest.mark.parametrize("kind", WRITE)
def test_typed_columns_become_the_values_of_events(tmp_path: Path, kind: str) -> None:
    table = pa.table(
        {
            "user": pa.array([7, 2**62, None]),
            "goods": pa.array([{"sku": "a", "tags": ["x"]}, {"sku": "b", "tags": []}, {"sku": "c", "tags": None}]),
            "action": pa.array(["view", "cart", "view"]),
            "ts": pa.array([NOON, NOON + timedelta(1), NOON], pa.timestamp("us", "UTC" if kind == "parquet" else None)),
            "price": pa.array([Decimal("12.50"), None, Decimal("-1.00")], pa.decimal128(10, 2)),
            "quantity": pa.array([1.0, 2.5, None]),
        }
    )
    columns = {"user_id": "user", "item_id": "goods.sku", "behavior": "action", "event_time": "ts", "price": "price"}
    columns |= {"quantity": "quantity", "query": "goods.tags", "platform": "absent"}
    rows = events(tmp_path / "log", table, kind, columns=columns)
    names = ("source_line", "user_id", "item_id", "event_time", "price", "quantity", "query", "platform", "reason")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (1, "7", "a", NOON, 12.5, 1.0, "x", None, None),
        (2, str(2**62), "b", NOON + timedelta(1), None, 2.5, None, None, None),
        (3, None, "c", NOON, None, None, None, None, "missing_user"),  # a negative price is none,
    ]
    assert json.loads(rows[2]["raw"])["goods.sku"] == "c"
    assert rows[0]["file_note"] == f"'{tmp_path / 'log'}' has no column 'absent', which is empty there"


def plain(times: pa.Array) -> pa.Table:
    count = len(times)
    texts = {"user_id": ["u"] * count, "item_id": ["i"] * count, "behavior": ["view"] * count}
    return pa.table({**texts, "event_time": times})


@pytest.mark.parametrize(
    ("times", "zone", "expected"),
    [
        (pa.array([NOON], pa.timestamp("ms", "Asia/Shanghai")), "Europe/London", NOON),
        (pa.array([NOON], pa.timestamp("ns", "UTC")), "UTC", NOON),
        (pa.array([NOON.replace(tzinfo=None)], pa.timestamp("us")), "Asia/Shanghai", NOON - timedelta(hours=8)),
        (pa.array([date(2026, 1, 30)]), "UTC", datetime(2026, 1, 30, tzinfo=timezone.utc)),
        (pa.array(["2026-01-30 12:00:00.005"]), "UTC", NOON),
    ],
)
def test_timestamps_are_instants(tmp_path: Path, times: pa.Array, zone: str, expected: datetime) -> None:
    (row,) = events(tmp_path / "log", plain(times), time_zone=zone)
    assert (row["event_time"], row["reason"]) == (expected, None)


def test_the_old_timestamps_of_hive_and_spark_are_instants(tmp_path: Path) -> None:
    table = plain(pa.array([NOON.replace(tzinfo=None), datetime(9999, 1, 1)], pa.timestamp("us")))
    pq.write_table(table, tmp_path / "log", use_deprecated_int96_timestamps=True)
    reader = CanonicalReader("events", SourceConfig(path="", format="parquet", time_zone="Asia/Shanghai"), 1000)
    rows = pl.concat(reader.read([Piece(None, str(tmp_path / "log"))])).to_dicts()
    assert [row["event_time"] for row in rows] == [NOON, datetime(9999, 1, 1, tzinfo=timezone.utc)]


def test_timestamps_need_no_other_format(tmp_path: Path) -> None:
    (row,) = events(tmp_path / "log", plain(pa.array([NOON])), time_format="unix_ms")
    assert "has timestamps in the column 'event_time'; set the source's time_format to iso" in row["file_fault"]
    (row,) = events(tmp_path / "log", plain(pa.array([1769774400005])), time_format="unix_ms")
    assert row["event_time"] == NOON


ROWS = st.lists(st.tuples(st.text(max_size=4), st.one_of(st.none(), st.text(max_size=4))), max_size=20)


@given(ROWS, st.sampled_from(["parquet", "orc"]), st.integers(1, 400))
def test_rows_come_once_in_any_pieces(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str | None]], kind: str, piece_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("columnar") / "log"
    columns = {"a": [a for a, _ in rows], "b": [b for _, b in rows]}
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    WRITE[kind](table, path)
    source = SourceConfig(path="", format=kind)
    delivery = Delivery("2026-01-02", str(path), path.stat().st_size, "")
    pieces = pieces_of_source(delivery, piece_bytes, source)
    assert len(pieces) > 1 or kind == "orc" or piece_bytes >= delivery.size
    found = [row for piece in pieces for row in read_rows(path, source, ["b", "a"], 1000, piece=piece)]
    assert [(row.line, row.values if row.reason is None else row.reason) for row in found] == [
        (number, "nul_byte" if "\0" in a + (b or "") else [b, a]) for number, (a, b) in enumerate(rows, start=1)
    ]


@pytest.mark.parametrize("pieces", [1, 2, 7, 1_000])
def test_tasks_share_a_large_orc_file_by_its_stripes(tmp_path: Path, pieces: int) -> None:
    path, count = tmp_path / "log", 12_000
    table = pa.table({"s": [f"{number * 7919 % 9973}" * 9 for number in range(count)], "a": range(count)})
    orc.write_table(table, path, stripe_size=1_024, batch_size=1_024)
    assert orc.ORCFile(path).nstripes > 3
    source, size = SourceConfig(path="", format="orc"), path.stat().st_size
    delivery = Delivery("2026-01-02", str(path), size, "")
    found = pieces_of_source(delivery, -(-size // pieces), source)
    assert len(found) == pytest.approx(pieces, rel=0.1)
    by_piece = [read_rows(path, source, ["a"], 1000, piece=piece) for piece in found]
    assert sum(map(bool, by_piece)) >= min(pieces, 4)
    rows = [row for each in by_piece for row in each]
    assert [(row.line, row.values) for row in rows] == [(number + 1, [str(number)]) for number in range(count)]


def test_a_damaged_orc_file_is_one_piece_that_tells_of_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"ORC" + b"x" * 200 + b"\x03ORC\x03")
    delivery = Delivery("2026-01-02", str(path), path.stat().st_size, "")
    source = SourceConfig(path="", format="orc")
    (piece,) = pieces_of_source(delivery, 50, source)
    (row,) = read_rows(path, source, ["a"], 1000, piece=piece)
    assert "cannot be read" in (row.fault or "")


def test_rows_that_no_line_could_be_are_refused(tmp_path: Path) -> None:
    table = pa.table({"a": [b"\xff", b"ok", b"x" * 2000, None]})
    pq.write_table(table, tmp_path / "log")
    rows = read_rows(tmp_path / "log", SourceConfig(path="", format="parquet"), ["a"], 1000)
    assert [(row.values, row.reason) for row in rows] == [
        ([None], "invalid_utf8"),
        (["ok"], None),
        ([None], "line_too_long"),
        ([None], None),
    ]


@pytest.mark.parametrize("kind", WRITE)
def test_damaged_and_other_files_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "log"
    WRITE[kind](pa.table({"a": ["x"] * 1000}), path)
    content = path.read_bytes()
    source = SourceConfig(path="", format=kind)
    for written, message in [
        (content[:-9], "is not a"),
        (b'{"a": 1}\n', "is not a"),
        (content[:20] + b"\xff" * (len(content) - 40) + content[-20:], "cannot be read"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG picture"),
    ]:
        path.write_bytes(written)
        (row,) = read_rows(path, source, ["a"], 1000)
        assert message in (row.fault or "") and "deliver it again" in (row.fault or "")
    path.write_bytes(content)
    (row,) = read_rows(path, source, ["b"], 1000)
    assert "has no column 'b'; its header is 'a'" in (row.fault or "")
