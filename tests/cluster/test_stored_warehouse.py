"""A warehouse in a store: committed, read, tidied and forgotten as one on this machine."""

import time

import numpy as np
import pyarrow as pa
import pytest

from interest_spark.foundation.errors import BadDataError, BusyError, ConfigError
from interest_spark.foundation.locations import Location, Url, location
from interest_spark.operations.journal import Journal
from interest_spark.storage import log_files
from interest_spark.storage.bundles import Bundle, list_bundles, read_bundle, remove_orphan_bundles, write_bundle
from interest_spark.storage.commit import commit, data_files, stage_files
from interest_spark.storage.compaction import compact
from interest_spark.storage.damage import read_bytes
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.folder_files import delete_file, files_below, write_file
from interest_spark.storage.layout import Slice
from interest_spark.storage.orphans import remove_orphans
from interest_spark.storage.run_record import RunRecord
from interest_spark.storage.warehouse import Warehouse
from tests.cluster.s3_server import S3Server
from tests.journal_entries import BEGIN, run_entry
from tests.small_tables import put_rows, stage_rows

KEPT = 10
MONDAY, TUESDAY = Slice("2026-01-05"), Slice("2026-01-06")


def item(name: str, index: int = 2) -> list[dict[str, object]]:
    return [{"item_id": name, "item_index": index}]


def items(warehouse: Warehouse) -> list[str]:
    return sorted(warehouse.read_small("vocab")["item_id"].to_pylist())


def test_what_is_committed_is_read(store: Location) -> None:
    warehouse = Warehouse(store)
    warehouse.check_writable()
    assert (warehouse.version("vocab"), warehouse.days("vocab")) == (-1, [])
    put_rows(warehouse, "vocab", "1", {MONDAY: item("a"), TUESDAY: []})
    put_rows(warehouse, "vocab", "2", {MONDAY: item("b")})
    assert items(warehouse) == ["b"]
    assert warehouse.days("vocab") == [MONDAY.day, TUESDAY.day]
    record = warehouse.open("vocab").record(MONDAY)
    assert record is not None
    assert record.run_id == "2"


def test_of_two_rivals_the_second_is_busy(store: Location) -> None:
    warehouse = Warehouse(store)
    base = warehouse.open("vocab")
    first = stage_rows(base, "1", {MONDAY: item("a")})
    second = stage_rows(base, "2", {MONDAY: item("b")})
    warehouse.commit(first, base)
    with pytest.raises(BusyError, match="run 1 committed"):
        warehouse.commit(second, base)
    assert items(warehouse) == ["a"]


def test_the_log_stays_short(store: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "VERSIONS_KEPT", KEPT)
    warehouse = Warehouse(store)
    commits = KEPT + 25
    for number in range(commits):
        put_rows(warehouse, "vocab", str(number), {MONDAY: item(f"i{number}")})
    assert items(warehouse) == [f"i{commits - 1}"]
    log = [each for each in files_below(warehouse.root / "vocab" / "_delta_log") if each.path.endswith(".json")]
    assert len(log) <= KEPT + 20


def test_a_file_that_was_changed_or_is_missing_is_named(store: Location) -> None:
    warehouse = Warehouse(store)
    put_rows(warehouse, "vocab", "1", {MONDAY: item("a")})
    (file,) = warehouse.files("vocab")
    place = location(file)
    content = read_bytes(place, 1 << 20)
    write_file(place, content + b"x")
    with pytest.raises(BadDataError, match="was committed with"):
        items(warehouse)
    delete_file(place)
    with pytest.raises(BadDataError, match=r"is missing|No such file"):
        items(warehouse)
    write_file(place, content)
    assert items(warehouse) == ["a"]


def test_orphans_go_and_strangers_stay(store: Location) -> None:
    warehouse = Warehouse(store)
    put_rows(warehouse, "vocab", "1", {MONDAY: item("a")})
    put_rows(warehouse, "vocab", "2", {MONDAY: item("b")})
    stage_rows(warehouse.open("vocab"), "20260105T010203-0123abcd", {MONDAY: item("killed")})
    write_file(warehouse.root / "vocab" / "notes.txt", b"mine")
    write_file(warehouse.root / "vocab" / "run-1" / "notes.txt", b"mine")
    assert remove_orphans(warehouse.open("vocab"), 24).deleted == []
    time.sleep(1.1)  # a store tells seconds
    cleaned = remove_orphans(warehouse.open("vocab"), 0)
    assert sorted(run.split("/")[-3] for run in cleaned.deleted) == ["run-1", "run-20260105T010203-0123abcd"]
    assert sorted(left.rpartition("vocab/")[2] for left in cleaned.left) == ["notes.txt", "run-1/notes.txt"]
    assert items(warehouse) == ["b"]
    kept = {each.path for each in files_below(warehouse.root / "vocab") if "_delta_log" not in each.path}
    assert {path.partition("/")[0] for path in kept} == {"notes.txt", "run-1", "run-2"}


def test_small_files_become_one(store: Location) -> None:
    warehouse = Warehouse(store)
    base = warehouse.open("vocab")
    stage_rows(base, "1", {MONDAY: item("a")})
    (first,) = data_files(base.folder)
    write_file(location(first).parent / "part-1.parquet", read_bytes(location(first), 1 << 20))
    commit(stage_files(base, data_files(base.folder), [MONDAY], RunRecord("1", {}, {})), base)
    assert compact(warehouse.open("vocab"), "c") == 1
    assert items(warehouse) == ["a", "a"]
    assert len(warehouse.files("vocab")) == 1


def bundle(weight: float) -> Bundle:
    known = pa.table({"item_index": pa.array([2], pa.int32()), "item_id": ["a"]})
    return Bundle({"w": np.array([weight], np.float32)}, {"kind": "test"}, known)


def test_a_bundle_is_read_as_it_was_written(store: Location) -> None:
    place = store / "bundles" / "m1"
    digest = write_bundle(place, bundle(1.0))
    assert write_bundle(place, bundle(1.0)) == digest
    assert read_bundle(place, digest).weights["w"].tolist() == [1.0]
    other = write_bundle(place, bundle(2.0))
    assert read_bundle(str(place), other).weights["w"].tolist() == [2.0]
    with pytest.raises(BadDataError, match=r"bundles/m1: manifest\.json was changed"):
        read_bundle(place, digest)
    write_file(place / "weights.npz", b"x")
    with pytest.raises(BadDataError, match=r"weights\.npz was changed"):
        read_bundle(place, other)


def test_bundles_that_no_model_names_go(store: Location) -> None:
    for name in ("m1", "m2"):
        write_bundle(store / "bundles" / name, bundle(1.0))
    write_file(store / "bundles" / ".half.1.draft" / "weights.npz", b"a killed run")
    write_file(store / "bundles" / "theirs" / "photo.jpg", b"a stranger")
    time.sleep(1.1)
    cleaned = remove_orphan_bundles(store, {"m1"}, 0)
    assert sorted(path.rpartition("/")[2] for path in cleaned.deleted) == [".half.1.draft", "m2"]
    assert [path.rpartition("bundles/")[2].partition("/")[0] for path in cleaned.left] == ["theirs"]
    assert list_bundles(store) == ["m1", "theirs"]


def test_half_an_upload_of_a_bundle_goes(s3_store: Url) -> None:
    write_file(s3_store / "bundles" / "half" / "weights.npz", b"a killed run")
    time.sleep(1.1)
    assert remove_orphan_bundles(s3_store, set(), 0).deleted == [f"{s3_store}/bundles/half"]


def test_the_journal_is_kept_there_too(store: Location) -> None:
    journal = Journal(store)
    journal.write(run_entry("r1", status="running"))
    journal.write(run_entry("r1"))
    assert [(each.run_id, each.status) for each in journal.read(BEGIN.date())] == [("r1", "done")]
    assert journal.forget_before(BEGIN.date()) == 0
    assert journal.forget_before(BEGIN.date().replace(year=2027)) == 1
    assert list(journal.read(BEGIN.date())) == []


def test_nobody_writes_to_a_bucket_that_does_not_exist(s3_environment: S3Server) -> None:
    with pytest.raises(ConfigError, match="NoSuchBucket"):
        Warehouse(Url("s3://no-such-bucket/w")).check_writable()


def test_no_file_holds_a_secret(s3_store: Url, s3: S3Server) -> None:
    warehouse = Warehouse(s3_store)
    for number in range(12):  # enough for a checkpoint of the log
        put_rows(warehouse, "vocab", str(number), {MONDAY: item("a")})
    files = files_below(s3_store)
    assert any("checkpoint" in each.path for each in files)
    for each in files:
        remote, path = store_of(f"{s3_store}/{each.path}")
        assert not any(secret.encode() in remote.read(path) for secret in s3.secrets), each.path
