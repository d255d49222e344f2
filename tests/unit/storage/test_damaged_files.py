"""Damaged data files and run records: every reader raises BadDataError, with the file's name and what to type."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interest_spark.foundation.errors import BadDataError, BusyError
from interest_spark.models.published import model_of, version_in
from interest_spark.reports.lookup import day_rows, last_events
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import Bucket, read_bucket
from interest_spark.storage.bundles import bundle_path
from interest_spark.storage.damage import naming, reading
from interest_spark.storage.layout import Slice
from interest_spark.storage.parts import read_columns, read_pieces
from interest_spark.storage.run_record import EVERY_DAY, MadeFrom, RunRecord, read_record, write_record
from interest_spark.storage.warehouse import Warehouse
from tests.small_tables import put_rows

DAY = "2026-01-05"
ROWS = [{"item_id": f"i{number}", "item_index": 2 + number} for number in range(500)]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse")
    put_rows(warehouse, "vocab", "1", {Slice(DAY): ROWS})
    put_rows(warehouse, "popularity", "1", {Slice(DAY): [{**row, "events": 1, "rank": 1} for row in ROWS]})
    return warehouse


def file_of(warehouse: Warehouse, table: str = "vocab") -> Path:
    return warehouse.root / table / "run-1" / f"dt={DAY}" / "part-0.parquet"


def rewritten(table: pa.Table) -> Callable[[Path], None]:
    return lambda file: pq.write_table(table, file)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def cut_by_one(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def missing(file: Path) -> None:
    file.unlink()


def no_parquet(file: Path) -> None:
    file.write_bytes(b"x" * file.stat().st_size)


def longer(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0" * 100)


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def device(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def no_folder(file: Path) -> None:
    shutil.rmtree(file.parent.parent)


def giant(file: Path) -> None:
    os.truncate(file, 1 << 42)


def fewer_rows(file: Path) -> None:
    pq.write_table(pq.ParquetFile(file).read().slice(0, 100), file)


DAMAGES = [
    *(cut, cut_by_one, emptied, missing, longer, pipe, folder, device, no_folder, giant, fewer_rows),
    rewritten(pa.table({"other": [1, 2]})),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_does_not_lie_as_it_was_committed_is_named(
    warehouse: Warehouse, damage: Callable[[Path], None]
) -> None:
    """Found by the driver before any reader or worker gets the path: Spark reads an empty file as one without rows."""
    damage(file_of(warehouse, "popularity"))
    for read in (warehouse.files, warehouse.read_small):
        with pytest.raises(BadDataError, match=rf"popularity.*sequences --day {DAY} --force") as error:
            read("popularity")
        assert "\n" not in str(error.value)


def test_what_is_permanent_is_not_to_be_made_anew(warehouse: Warehouse) -> None:
    cut(file_of(warehouse))
    with pytest.raises(BadDataError, match="restore it from a copy: what is in vocab is permanent"):
        warehouse.read_small("vocab")


def changed_in(places: slice) -> Callable[[Path], None]:
    """Other bytes in the same number, as a failing disk leaves them."""

    def damage(file: Path) -> None:
        content = bytearray(file.read_bytes())
        content[places] = bytes(byte ^ 0xA5 for byte in content[places])
        file.write_bytes(content)

    return damage


OTHER_TYPES = pa.table({"item_id": list(range(500)), "item_index": [f"{number}" for number in range(500)]})
SAME_SIZE = {
    "no Parquet": no_parquet,
    "the beginning": changed_in(slice(0, 200)),
    "the middle": changed_in(slice(1000, 1400)),
    "the footer": changed_in(slice(-300, -8)),
    "the footer's length": changed_in(slice(-8, -4)),
    "the last bytes": changed_in(slice(-4, None)),
    "other types": rewritten(OTHER_TYPES),
    "other columns": rewritten(pa.table({"user": ["a"], "number": [1]})),
    "one column of another type": rewritten(pa.table({"item_id": ["a"], "item_index": [2.5]})),
    "a column twice": rewritten(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["item_id", "item_id"])),
}
READERS: dict[str, Callable[[str], object]] = {
    "a bucket": lambda file: read_bucket("vocab", [file], Bucket(0, 1)),
    "columns": lambda file: read_columns([file], item_id=pl.String, item_index=pl.Int32),
    "pieces": lambda file: list(read_pieces(file, ["item_id", "item_index"])),
    "a small table": lambda file: Warehouse(Path(file).parents[3]).read_small("vocab"),
    "show": lambda file: day_rows(Warehouse(Path(file).parents[3]), "vocab", DAY, 10),
}


def with_size_in_log(file: Path) -> None:
    """The log is made to agree, so that only the content tells."""
    commit = file.parents[2] / "_delta_log" / f"{0:020}.json"
    for checkpoint in commit.parent.glob("*checkpoint*"):
        checkpoint.unlink()
    entries = [json.loads(line) for line in commit.read_text().splitlines()]
    for entry in entries:
        if "add" in entry:
            entry["add"]["size"] = file.stat().st_size
    commit.write_text("\n".join(map(json.dumps, entries)))


def as_bucket(file: Path) -> Path:
    """The same file under a name that a reader of buckets takes."""
    return Path(shutil.copy(file, file.with_name("part-00000-of-00001-by-0-x.parquet")))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("damage", SAME_SIZE)
def test_damaged_content_is_named_by_every_reader(warehouse: Warehouse, damage: str, reader: str) -> None:
    file = file_of(warehouse)
    SAME_SIZE[damage](file)
    with_size_in_log(file)
    if reader == "a bucket":
        file = as_bucket(file)
    try:
        READERS[reader](str(file))
    except BadDataError as error:
        assert str(file) in str(error)
        assert "restore it" in str(error)
        assert "\n" not in str(error)
    else:  # pages carry no sums: a reader may find other values in them
        assert damage in ("the beginning", "the middle", "the footer")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_of_a_file_may_change(warehouse: Warehouse, data: st.DataObject) -> None:
    file = file_of(warehouse)
    good = file.read_bytes()
    place, length = data.draw(st.integers(0, len(good) - 1)), data.draw(st.integers(1, 40))
    try:
        changed_in(slice(place, place + length))(file)
        for name, read in READERS.items():
            try:
                read(str(as_bucket(file) if name == "a bucket" else file))
            except BadDataError as error:
                assert str(file.parent) in str(error)
    finally:
        file.write_bytes(good)


@pytest.mark.parametrize("name", READERS)
def test_a_column_may_have_a_name_that_is_no_utf8(warehouse: Warehouse, name: str) -> None:
    file = file_of(warehouse)
    content = file.read_bytes()
    footer = content.rindex(b"PAR1", 0, -4) if content.count(b"PAR1") > 2 else 4
    file.write_bytes(content[:footer] + content[footer:].replace(b"item_id", b"\xc3\x28em_id"))
    with pytest.raises(BadDataError, match=r"data file .* cannot be read"):
        READERS[name](str(as_bucket(file) if name == "a bucket" else file))


def test_fewer_rows_than_were_committed_are_found(warehouse: Warehouse) -> None:
    file = file_of(warehouse)
    fewer_rows(file)
    with_size_in_log(file)
    with pytest.raises(BadDataError, match="has 100 rows and was committed with 500"):
        warehouse.read_small("vocab")


@pytest.mark.parametrize("number", [5, 28, 116])
@pytest.mark.parametrize("kind", [OSError, pl.exceptions.ComputeError, pa.ArrowInvalid])
def test_what_is_temporary_stays_temporary(number: int, kind: type[Exception]) -> None:
    """However a library wraps it."""
    text = os.strerror(number)
    error = OSError(number, text) if kind is OSError else kind(f"{text} (os error {number})")
    with pytest.raises(BusyError, match=text), reading("/w/vocab/run-1/dt=2026-01-05/part-0.parquet"):
        raise error


@pytest.mark.parametrize("error", [ZeroDivisionError(), ValueError("a bug"), KeyError("a bug"), MemoryError()])
def test_bugs_keep_their_traceback(error: Exception) -> None:
    with pytest.raises(type(error)), reading("/w/vocab/run-1/dt=2026-01-05/part-0.parquet"):
        raise error


def test_a_panic_of_a_rust_library_is_damage() -> None:
    with pytest.raises(BadDataError, match="x cannot be read: index out of bounds; restore it"):  # noqa: SIM117
        with naming("x", "restore it"):
            raise pl.exceptions.PanicException("index out of bounds")


# What readers of whole files find in well-formed ones ----------------------------------------

MODEL = {"model_version": "v", "path": "bundles/v", "manifest_sha256": "0" * 64}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [MODEL, MODEL],
        [{**MODEL, "path": None}],
        [{**MODEL, "model_version": None}],
        [{**MODEL, "manifest_sha256": ""}],
        *(
            [{**MODEL, "path": path}]
            for path in ("", "/", "..", "../v", "bundles/../../v", "bundles/..", "bundles/v/w")
        ),
        *([{**MODEL, "path": path}] for path in ("other/v", "bundles", "bundles/.v.7.draft", "/x/..", "bundles/v\0")),
    ],
)
def test_a_model_that_is_none_of_the_bundles_is_refused(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    warehouse = Warehouse(tmp_path)
    put_rows(warehouse, "models", "1", {Slice(DAY, "sasrec"): rows})
    with pytest.raises(BadDataError, match="models"):
        model_of(warehouse.files("models")[0], warehouse.root)


def test_a_bundle_is_looked_for_below_the_warehouse(tmp_path: Path) -> None:
    assert bundle_path(tmp_path, "bundles/v") == bundle_path(tmp_path, "/old/place/bundles/v") == tmp_path / "bundles/v"


def test_the_version_of_a_damaged_list_is_not_guessed(tmp_path: Path) -> None:
    file = tmp_path / "recommendations" / "run-1" / f"dt={DAY}" / "part-0.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(pa.table({"model_version": [1]}), file)
    with pytest.raises(BadDataError, match=f"score --day {DAY} --force"):
        version_in([str(file)])


@pytest.mark.parametrize(
    "row",
    [
        {"item_index": None},
        {"behavior": None},
        {"behavior": [99, 1]},
        {"behavior": [None, 1]},
        {"behavior": [1]},
        {"event_time": None},
        {"event_time": []},
        {"event_time": [2**62, 1]},
        {"price": None},
        {"price": [1.0]},
    ],
    ids=str,
)
def test_a_history_that_does_not_hold_together_is_named(tmp_path: Path, row: dict[str, Any]) -> None:
    warehouse = Warehouse(tmp_path)
    whole = {"user_id": "u", "item_index": [2, 3], "behavior": [1, 1], "event_time": [0, 1], "price": [1.0, None]}
    put_rows(warehouse, "sequences", "1", {Slice(DAY): [{**whole, **row}]})
    with pytest.raises(BadDataError, match=f"sequences --day {DAY} --force"):
        last_events(warehouse, DAY, "u", 5)


# Run records ---------------------------------------------------------------------------------

GOOD = {"run_id": "1", "made_from": {"*": {"step": "s", "revision": 1, "inputs": {}, "settings": {}}}, "versions": {}}
RECORDS = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"1" * 5_000,
    b"{}",
    *(
        json.dumps({**GOOD, **change}).encode()
        for change in (
            {"run_id": 3},
            {"run_id": None},
            {"made_from": None},
            {"made_from": []},
            {"made_from": {"*": 3}},
            {"made_from": {"*": {"step": "s"}}},
            {"made_from": {"*": {"step": "s", "revision": "1"}}},
            {"made_from": {"*": {"step": "s", "revision": 1, "inputs": {"events": 7}}}},
            {"made_from": {"*": {"step": "s", "revision": 1, "settings": []}}},
            {"versions": {"events": "newest"}},
            {"versions": {"events": 1.5}},
            {"versions": 3},
        )
    ),
]


@pytest.mark.parametrize("content", RECORDS, ids=lambda content: str(content[:30]))
def test_a_damaged_run_record_is_named(warehouse: Warehouse, content: bytes) -> None:
    (warehouse.root / "vocab" / "run-1" / "_run.json").write_bytes(content)
    with pytest.raises(BadDataError, match=r"run record .*vocab/run-1/_run.json .*or delete it") as error:
        warehouse.open("vocab").made_from(Slice(DAY))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damage", [pipe, folder, device, giant])
def test_a_run_record_that_is_no_file_is_named(warehouse: Warehouse, damage: Callable[[Path], None]) -> None:
    damage(warehouse.root / "vocab" / "run-1" / "_run.json")
    with pytest.raises(BadDataError, match="run record"):
        warehouse.open("vocab").record(Slice(DAY))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5), st.lists, max_leaves=5
)
MADE = st.builds(
    MadeFrom,
    step=st.text(max_size=9),
    revision=st.integers(0, 99),
    inputs=st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3),
    settings=st.dictionaries(st.text(max_size=9), VALUES, max_size=3),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MADE, st.dictionaries(st.sampled_from(list(TABLES)), st.integers(-1, 2**40), max_size=3))
def test_a_record_is_read_as_it_was_written(tmp_path: Path, made: MadeFrom, versions: dict[str, int]) -> None:
    record = RunRecord("r", {EVERY_DAY: made, date(2026, 1, 5).isoformat(): made}, versions)
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record


def test_a_record_of_release_0_1_is_none(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    assert sys.getrecursionlimit() < 100_000  # what the deep records above are deeper than
