"""A log that somebody has changed or that is damaged: no reader leaves the table's folder, and each says so at once."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interest_spark.foundation.errors import BadDataError, BusyError
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.commit import commit
from interest_spark.storage.committed_files import check_paths
from interest_spark.storage.compaction import compact
from interest_spark.storage.layout import Slice
from interest_spark.storage.orphans import remove_orphans
from interest_spark.storage.warehouse import Warehouse
from tests.small_tables import put_rows, stage_rows

DAY = "2026-01-05"
SECRET = "somebody's secret"


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Three commits, the first of them in a checkpoint, and beside the warehouse a file that is not to be read."""
    warehouse = Warehouse(tmp_path / "warehouse")
    for number, day in enumerate(("2026-01-03", "2026-01-04", DAY)):
        put_rows(warehouse, "vocab", str(number), {Slice(day): [{"item_id": f"i{number}", "item_index": 2 + number}]})
    secret = pa.Table.from_pylist([{"item_id": SECRET, "item_index": 9}], schema=TABLES["vocab"])
    for folder in (tmp_path / f"dt={DAY}", tmp_path / "secret" / f"dt={DAY}"):
        folder.mkdir(parents=True)
        pq.write_table(secret, folder / "part-0.parquet")
    return warehouse


def log_of(warehouse: Warehouse) -> Path:
    return warehouse.root / "vocab" / "_delta_log"


def newest(warehouse: Warehouse) -> Path:
    return log_of(warehouse) / f"{2:020}.json"


def change(warehouse: Warehouse, edit: Callable[[dict[str, Any]], None], action: str = "add") -> None:
    """Edit that action of the newest commit."""
    entries = [json.loads(line) for line in newest(warehouse).read_text().splitlines()]
    for entry in entries:
        if action in entry:
            edit(entry[action])
    newest(warehouse).write_text("\n".join(map(json.dumps, entries)))


def refused_by_all(warehouse: Warehouse) -> None:
    """Each reader, and housekeeping, raises BadDataError, in one line."""
    readers: list[Callable[[], object]] = [
        lambda: warehouse.read_small("vocab"),
        lambda: warehouse.files("vocab"),
        lambda: warehouse.days("vocab"),
        lambda: warehouse.open("vocab").content_id(),
        lambda: remove_orphans(warehouse.open("vocab"), 1),
        lambda: compact(warehouse.open("vocab"), "9"),
    ]
    for read in readers:
        with pytest.raises(BadDataError, match="vocab") as error:
            read()
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 1000


PATHS = [
    "/etc/passwd",
    "{outside}/dt=2026-01-05/part-0.parquet",
    "//etc/run-1/dt=2026-01-05/part-0.parquet",
    "../../dt=2026-01-05/part-0.parquet",
    "run-1/../../../dt=2026-01-05/part-0.parquet",
    "run-2/../dt=2026-01-05/part-0.parquet",
    "./run-2/dt=2026-01-05/part-0.parquet",
    "run-2//dt=2026-01-05/part-0.parquet",
    "%2e%2e/%2e%2e/dt=2026-01-05/part-0.parquet",
    "run-2/%2e%2e/%2e%2e/dt=2026-01-05/part-0.parquet",
    "run-2%2fdt=2026-01-05/part-0.parquet",
    "file:///etc/run-1/dt=2026-01-05/part-0.parquet",
    "file://{outside}/dt=2026-01-05/part-0.parquet",
    "s3://bucket/run-1/dt=2026-01-05/part-0.parquet",
    "hdfs://host/run-1/dt=2026-01-05/part-0.parquet",
    "http://host/run-1/dt=2026-01-05/part-0.parquet",
    "run-2/dt=2026-01-05/part-0.parquet\0",
    "\0",
    "",
    "run-2/dt=2026-01-05/part-*.parquet",
    "run-2/dt=2026-01-05/part-{{0,1}}.parquet",
    "run-?/dt=2026-01-05/part-0.parquet",
    "run-2\\dt=2026-01-05\\part-0.parquet",
    "run-2/dt=2026-01-05/part-0.parquet\n/etc/passwd",
    "run-2/dt=2026-01-05/part-0.parquet#x",
    "_delta_log/00000000000000000000.checkpoint.parquet",
    "run-2/dt=2026-01-05/_delta_log/part-0.parquet",
    "run-2/dt=2026-01-05",
    "run-2/dt=yesterday/part-0.parquet",
    "run-2/part-0.parquet",
    "bots/run-2/dt=2026-01-05/part-0.parquet",
    "run-2/dt=2026-01-05/part-\N{FULLWIDTH SOLIDUS}0.parquet",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_leads_elsewhere_is_refused(warehouse: Warehouse, tmp_path: Path, path: str) -> None:
    change(warehouse, lambda add: add.update(path=path.format(outside=tmp_path)))
    refused_by_all(warehouse)


@pytest.mark.parametrize("path", PATHS)
def test_a_removed_path_that_leads_elsewhere_is_never_deleted(warehouse: Warehouse, tmp_path: Path, path: str) -> None:
    """Housekeeping deletes what it finds in runs' folders; what a log says was removed decides only what stays."""
    outside = (tmp_path / f"dt={DAY}" / "part-0.parquet").read_bytes()
    remove = {
        "path": path.format(outside=tmp_path),
        "deletionTimestamp": 1,
        "dataChange": True,
        "partitionValues": {"dt": DAY},
    }
    with newest(warehouse).open("a") as file:
        file.write("\n" + json.dumps({"remove": remove}))
    for each in warehouse.root.rglob("*"):
        os.utime(each, (1, 1))
    try:
        remove_orphans(warehouse.open("vocab"), 1)
    except BadDataError as error:
        assert "vocab" in str(error)
    assert (tmp_path / f"dt={DAY}" / "part-0.parquet").read_bytes() == outside
    assert warehouse.open("vocab").version == 2
    assert len(list(warehouse.root.rglob("run-*/dt=*/part-0.parquet"))) == 3


def in_checkpoint(warehouse: Warehouse, path: str) -> None:
    """Put the path into the checkpoint, which readers take in place of the first commit."""
    checkpoint = log_of(warehouse) / f"{0:020}.checkpoint.parquet"
    table = pq.read_table(checkpoint)
    rows = table.to_pylist()
    for row in rows:
        if row["add"]:
            row["add"]["path"] = path
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), checkpoint)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_a_checkpoint_that_leads_elsewhere_is_refused(
    warehouse: Warehouse, tmp_path: Path, path: str
) -> None:
    in_checkpoint(warehouse, path.format(outside=tmp_path))
    refused_by_all(warehouse)


@given(st.text(max_size=60) | st.from_regex(r"run-[^\s]{0,9}/.{0,9}dt=2026-01-05/part-[^\s]{0,9}\.parquet"))
def test_a_path_that_passes_lies_below_the_table(path: str) -> None:
    folder = Path("/warehouse/vocab")
    try:
        check_paths(folder, pa.chunked_array([[path]]), pa.chunked_array([[DAY]]))
    except BadDataError as error:
        assert "vocab" in str(error)
        return
    assert os.path.normpath(f"{folder}/{path}") == f"{folder}/{path}"
    assert path.startswith("run") and path.isascii() and path.isprintable()
    assert not set(path) & set("%*?[]{}\\:# ")


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-01-01", "9999-99-99"])
def test_a_day_that_is_none_is_refused(warehouse: Warehouse, day: str) -> None:
    change(warehouse, lambda add: add.update(path=f"run-2/dt={day}/part-0.parquet", partitionValues={"dt": day}))
    refused_by_all(warehouse)


@pytest.mark.parametrize("day", ["2026-01-04", "", None, "2026-01-05 ", "x"])
def test_a_file_of_another_day_than_its_path_says_is_refused(warehouse: Warehouse, day: str | None) -> None:
    change(warehouse, lambda add: add.update(partitionValues={"dt": day}))
    refused_by_all(warehouse)


def test_a_file_without_a_day_is_refused(warehouse: Warehouse) -> None:
    change(warehouse, lambda add: add.update(partitionValues={}))
    refused_by_all(warehouse)


LINKS = ["run-2", f"run-2/dt={DAY}", f"run-2/dt={DAY}/part-0.parquet"]


@pytest.mark.parametrize("link", LINKS)
def test_a_file_reached_by_a_link_is_not_read(warehouse: Warehouse, tmp_path: Path, link: str) -> None:
    """Also where what it leads to has as many bytes as were committed."""
    path = warehouse.root / "vocab" / link
    outside = tmp_path / "moved"
    shutil.move(path, outside)
    path.symlink_to(outside)
    for read in (warehouse.files, warehouse.read_small):
        with pytest.raises(BadDataError, match="link"):
            read("vocab")
    assert warehouse.read_small("vocab", day="2026-01-04")["item_id"].to_pylist() == ["i1"]  # what else there is


def test_compacting_does_not_read_through_links(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = stage_and_commit_two_files(warehouse)
    shutil.move(folder / "part-1.parquet", tmp_path / "moved.parquet")
    (folder / "part-1.parquet").symlink_to(tmp_path / "moved.parquet")
    with pytest.raises(BadDataError, match=r"part-1\.parquet is a link"):
        compact(warehouse.open("vocab"), "9")


def stage_and_commit_two_files(warehouse: Warehouse) -> Path:
    from interest_spark.storage.commit import data_files, stage_files
    from interest_spark.storage.run_record import read_record

    base, day = warehouse.open("vocab"), Slice("2026-01-06")
    stage_rows(base, "two", {day: [{"item_id": "x", "item_index": 7}]})
    folder = base.folder / "run-two" / f"dt={day.day}"
    shutil.copy(folder / "part-0.parquet", folder / "part-1.parquet")
    record = read_record(base.folder / "run-two")
    assert record is not None
    commit(stage_files(base, data_files(folder), [day], record), base)
    return folder


def cut(warehouse: Warehouse) -> None:
    newest(warehouse).write_bytes(newest(warehouse).read_bytes()[:-30])


def missing(warehouse: Warehouse) -> None:
    (log_of(warehouse) / f"{1:020}.json").unlink()


def pipe(warehouse: Warehouse) -> None:
    newest(warehouse).unlink()
    os.mkfifo(newest(warehouse))


def folder(warehouse: Warehouse) -> None:
    newest(warehouse).unlink()
    newest(warehouse).mkdir()


def linked(warehouse: Warehouse) -> None:
    shutil.move(newest(warehouse), warehouse.root.parent / "elsewhere.json")
    newest(warehouse).symlink_to(warehouse.root.parent / "elsewhere.json")


def giant(warehouse: Warehouse) -> None:
    os.truncate(newest(warehouse), 1 << 40)


def linked_log(warehouse: Warehouse) -> None:
    shutil.move(log_of(warehouse), warehouse.root.parent / "log")
    log_of(warehouse).symlink_to(warehouse.root.parent / "log")


def log_is_a_file(warehouse: Warehouse) -> None:
    shutil.rmtree(log_of(warehouse))
    log_of(warehouse).write_text("{}")


def upgraded(warehouse: Warehouse) -> None:
    features = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
    with newest(warehouse).open("a") as file:
        file.write("\n" + json.dumps({"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, **features}}))


def other_columns(warehouse: Warehouse) -> None:
    schema = json.dumps({"type": "struct", "fields": []})
    metadata = {"id": "x", "format": {"provider": "parquet", "options": {}}, "schemaString": schema}
    with newest(warehouse).open("a") as file:
        file.write("\n" + json.dumps({"metaData": {**metadata, "partitionColumns": [], "configuration": {}}}))


def no_log_at_all(warehouse: Warehouse) -> None:
    for name in (f"{0:020}.json", f"{0:020}.checkpoint.parquet", "_last_checkpoint"):
        (log_of(warehouse) / name).unlink()


def overwritten(name: str, content: bytes) -> Callable[[Warehouse], None]:
    def damage(warehouse: Warehouse) -> None:
        (log_of(warehouse) / name).write_bytes(content)

    damage.__name__ = f"{name.lstrip('0')} is {content[:12]!r}"
    return damage


def edited(**values: Any) -> Callable[[Warehouse], None]:
    def damage(warehouse: Warehouse) -> None:
        change(warehouse, lambda add: add.update(values))

    damage.__name__ = f"add of {str(values)[:40]}"
    return damage


DAMAGES = [
    *(cut, missing, pipe, folder, linked, giant, linked_log, log_is_a_file, upgraded, other_columns, no_log_at_all),
    overwritten(f"{2:020}.json", b""),
    overwritten(f"{2:020}.json", bytes(range(256))),
    overwritten(f"{2:020}.json", b"null"),
    overwritten(f"{2:020}.json", b"[" * 100_000),
    overwritten(f"{2:020}.json", b'{"add":' * 50_000),
    overwritten(f"{2:020}.json", b'{"add":{"path":3}}'),
    overwritten(f"{2:020}.json", b"\xff\xfe{}"),
    overwritten(f"{9:020}.json", b"{}"),
    overwritten(f"{0:020}.checkpoint.parquet", b"PAR1"),
    overwritten(f"{0:020}.checkpoint.parquet", b""),
    overwritten("_last_checkpoint", b'{"version":99,"size":1}'),
    overwritten("_last_checkpoint", b""),
    edited(size=10**30),
    edited(size=-1),
    edited(size="many"),
    edited(size=1),
    edited(path=7),
    edited(path=["run-2"]),
    edited(partitionValues="2026-01-05"),
    edited(dataChange="perhaps"),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_log_is_named(warehouse: Warehouse, damage: Callable[[Warehouse], None]) -> None:
    damage(warehouse)
    started = time.monotonic()
    with pytest.raises(BadDataError, match="vocab") as error:
        warehouse.read_small("vocab")
    assert time.monotonic() - started < 10
    assert "restore" in str(error.value)
    assert "\n" not in str(error.value)


DESCRIPTIONS = [
    "",
    "{",
    "[]",
    "3",
    "null",
    '"text"',
    "{}",
    '{"run_id": 3}',
    '{"run_id": "r", "slices": 3, "whole_table": false}',
    '{"run_id": "r", "slices": [[1, 2, 3]], "whole_table": false}',
    '{"run_id": "r", "slices": [["2026-01-05", ""]]}',
    '{"run_id": "r", "slices": [["2026-01-05", ""]], "whole_table": "perhaps"}',
    '{"run_id": "r", "slices": {"a": 1}, "whole_table": true}',
    '{"run_id": "r", "days": [3], "replaces_all": false}',
    "[" * 100_000,
]


@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda text: text[:40])
def test_a_commit_that_says_nothing_of_itself_is_named(warehouse: Warehouse, description: str) -> None:
    base = warehouse.open("vocab")
    staged = stage_rows(base, "mine", {Slice("2026-01-06"): [{"item_id": "m", "item_index": 8}]})
    put_rows(warehouse, "vocab", "theirs", {Slice("2026-01-07"): [{"item_id": "t", "item_index": 9}]})
    theirs = log_of(warehouse) / f"{3:020}.json"
    entries = [json.loads(line) for line in theirs.read_text().splitlines()]
    entries[0]["commitInfo"]["interest_spark"] = description
    theirs.write_text("\n".join(map(json.dumps, entries)))
    with pytest.raises(BadDataError, match="vocab: its log says of a commit"):
        commit(staged, base)


def test_a_store_that_is_away_is_temporary(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> object:
        raise OSError(5, "Input/output error", "vocab")

    for place in ("interest_spark.storage.log_files.os.scandir", "interest_spark.storage.committed_files.os.lstat"):
        with monkeypatch.context() as patched:
            patched.setattr(place, away)
            with pytest.raises(BusyError, match="Input/output error"):
                warehouse.files("vocab")

    def refuse(*_: object, **__: object) -> object:
        from deltalake.exceptions import DeltaError

        raise DeltaError("Generic error: error sending request for url")

    monkeypatch.setattr("interest_spark.storage.snapshot.DeltaTable", refuse)
    with pytest.raises(BusyError, match="a store does not answer"):
        warehouse.files("vocab")


def test_thousands_of_paths_are_checked_at_once() -> None:
    paths = [
        f"run-{run}/dt=2026-01-05/part-{part:05d}-0123456789ab.parquet" for run in range(200) for part in range(500)
    ]
    given_paths, days = pa.chunked_array([paths]), pa.chunked_array([["2026-01-05"] * len(paths)])
    started = time.process_time()
    check_paths(Path("/warehouse/vocab"), given_paths, days)
    assert time.process_time() - started < 2.0  # of 100,000; 0.1 s here


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_of_a_log_may_change(warehouse: Warehouse, data: st.DataObject) -> None:
    """What was committed, an earlier state of it, or BadDataError; nothing else."""
    good = newest(warehouse).read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    try:
        newest(warehouse).write_bytes(good[:place] + data.draw(st.binary(max_size=4)) + good[place + 1 :])
        rows = warehouse.read_small("vocab")["item_id"].to_pylist()
        assert set(rows) <= {"i0", "i1", "i2"}
    except BadDataError as error:
        assert "vocab" in str(error)
    finally:
        newest(warehouse).write_bytes(good)
