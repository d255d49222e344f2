"""What is deleted, what is left alone, and that compacting changes no row and makes nothing stale."""

import os
import time
from datetime import date
from pathlib import Path

import polars
import pytest

from interest_spark.schemas.tables import TABLES
from interest_spark.storage.bundles import remove_orphan_bundles
from interest_spark.storage.compaction import compact
from interest_spark.storage.layout import Slice
from interest_spark.storage.orphans import remove_orphans
from interest_spark.storage.retention import expire_days
from interest_spark.storage.warehouse import Warehouse
from tests.small_tables import put_rows, stage_rows

DAY = Slice("2026-01-05")


def row(name: str) -> list[dict[str, object]]:
    return [{"item_id": name, "item_index": 2}]


def make_old(path: Path, hours: float = 200) -> None:
    then = time.time() - hours * 3600
    for each in (path, *path.rglob("*")):
        os.utime(each, (then, then), follow_symlinks=False)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse")
    put_rows(warehouse, "vocab", "1", {DAY: row("a")})
    return warehouse


def items(warehouse: Warehouse) -> list[str]:
    return sorted(warehouse.read_small("vocab")["item_id"].to_pylist())


def test_links_are_not_followed_and_strange_files_stay(warehouse: Warehouse, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "run-7" / "dt=2026-01-01").mkdir(parents=True)
    precious = outside / "run-7" / "dt=2026-01-01" / "part-0.parquet"
    precious.write_bytes(b"somebody's")
    table = warehouse.root / "vocab"
    links = [table / "archive", table / "run-8", table / "run-1" / "run-9"]
    for link in links:
        link.symlink_to(outside / "run-7")
    strangers = [table / "notes.txt", table / "run-1" / "notes.txt", table / "old" / "part-0.parquet"]
    for stranger in strangers:
        stranger.parent.mkdir(exist_ok=True)
        stranger.write_text("mine", encoding="utf-8")
    for each in (table, outside):
        make_old(each)
    cleaned = remove_orphans(warehouse.open("vocab"), retention_hours=1)
    assert cleaned.deleted == []
    assert set(cleaned.left) == {*map(str, links), *map(str, strangers[:2]), str(table / "old")}
    assert precious.read_bytes() == b"somebody's"
    assert all(stranger.exists() for stranger in strangers)
    assert items(warehouse) == ["a"]


def test_a_table_that_is_a_link_is_left_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    elsewhere = Warehouse(tmp_path / "elsewhere")
    stage_rows(elsewhere.open("bots"), "killed", {DAY: [{"user_id": "u"}]})
    make_old(elsewhere.root)
    (warehouse.root / "bots").symlink_to(elsewhere.root / "bots")
    assert remove_orphans(warehouse.open("bots"), 1).deleted == []
    assert list((elsewhere.root / "bots").rglob("*.parquet"))


def test_what_a_killed_run_staged_goes_when_it_is_old(warehouse: Warehouse) -> None:
    stage_rows(warehouse.open("vocab"), "killed", {DAY: row("b")})
    assert remove_orphans(warehouse.open("vocab"), 100).deleted == []
    make_old(warehouse.root / "vocab" / "run-killed")
    assert len(remove_orphans(warehouse.open("vocab"), 100).deleted) == 1
    assert not (warehouse.root / "vocab" / "run-killed").exists()
    assert items(warehouse) == ["a"]


def test_a_replaced_file_stays_for_its_readers_until_the_retention_is_over(warehouse: Warehouse) -> None:
    """The file itself is old, but it was replaced just now: somebody may be reading it."""
    make_old(warehouse.root / "vocab" / "run-1")
    earlier = warehouse.open("vocab")
    put_rows(warehouse, "vocab", "2", {DAY: row("b")})
    assert remove_orphans(warehouse.open("vocab"), 100).deleted == []
    assert earlier.read_small()["item_id"].to_pylist() == ["a"]
    assert len(remove_orphans(warehouse.open("vocab"), 0).deleted) == 1
    assert items(warehouse) == ["b"]


def test_bundles_that_no_model_names_go_and_strange_files_and_links_stay(warehouse: Warehouse, tmp_path: Path) -> None:
    bundles, outside = warehouse.root / "bundles", tmp_path / "outside"
    for name in ("kept", "orphan", ".v.7.draft", "strange"):
        (bundles / name).mkdir(parents=True)
    outside.mkdir()
    for name in ("kept", "orphan"):
        (bundles / name / "manifest.json").write_text("{}", encoding="utf-8")
    (outside / "manifest.json").write_text("{}", encoding="utf-8")
    (bundles / "link").symlink_to(outside)
    (bundles / "stray.txt").write_text("mine", encoding="utf-8")
    make_old(bundles)
    cleaned = remove_orphan_bundles(warehouse.root, {"kept"}, 100)
    assert [Path(path).name for path in cleaned.deleted] == [".v.7.draft", "orphan"]
    assert sorted(Path(path).name for path in cleaned.left) == ["link", "strange", "stray.txt"]
    assert (outside / "manifest.json").exists()
    assert remove_orphan_bundles(warehouse.root, {"kept"}, 100).deleted == []


def scattered(warehouse: Warehouse) -> None:
    """A day in three files."""
    base = warehouse.open("vocab")
    stage_rows(base, "many", {DAY: row("c")})
    folder = base.folder / "run-many" / f"dt={DAY.day}"
    for number, name in enumerate("de", start=1):
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = pa.Table.from_pylist(row(name), schema=TABLES["vocab"])
        pq.write_table(rows, folder / f"part-{number}.parquet")
    from interest_spark.storage.commit import commit, data_files, stage_files
    from interest_spark.storage.run_record import read_record

    record = read_record(base.folder / "run-many")
    assert record is not None
    commit(stage_files(base, data_files(folder), [DAY], record), base)


def test_compacting_changes_no_row_and_makes_nothing_stale(warehouse: Warehouse) -> None:
    scattered(warehouse)
    before = warehouse.open("vocab")
    assert compact(before, "9") == 1
    after = warehouse.open("vocab")
    assert (len(before.files()), len(after.files())) == (3, 1)
    assert after.read_small().to_pylist() == before.read_small().to_pylist()
    assert after.content_id() == before.content_id()
    assert after.made_from(DAY) == before.made_from(DAY) is not None
    assert compact(after, "10") == 0


def test_a_slice_that_is_replaced_while_it_is_compacted_keeps_the_new_rows(warehouse: Warehouse) -> None:
    scattered(warehouse)
    before = warehouse.open("vocab")
    put_rows(warehouse, "vocab", "newer", {DAY: row("z")})
    assert compact(before, "9") == 0
    assert items(warehouse) == ["z"]


def test_compacting_is_nobodys_rival(warehouse: Warehouse) -> None:
    scattered(warehouse)
    base = warehouse.open("vocab")
    compact(base, "9")
    from interest_spark.storage.commit import commit

    commit(stage_rows(base, "mine", {DAY: row("m")}), base, exclusive=True)
    assert items(warehouse) == ["m"]


def test_days_beyond_a_tables_retention_are_taken_out(warehouse: Warehouse) -> None:
    put_rows(warehouse, "vocab", "2", {Slice("2026-01-01"): row("old"), Slice("2026-01-04"): row("new")})
    today = date(2026, 1, 5)
    assert expire_days(warehouse.open("vocab"), today, {}, "x") == []  # kept for ever
    assert [each.day for each in expire_days(warehouse.open("vocab"), today, {"vocab": 3}, "x")] == ["2026-01-01"]
    assert items(warehouse) == ["a", "new"]


def test_a_column_added_to_a_table(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa

    wider = TABLES["vocab"].append(pa.field("brand", pa.string()))
    monkeypatch.setitem(TABLES, "vocab", wider)
    assert warehouse.read_small("vocab").to_pylist()[0]["brand"] is None  # older files are read by name
    version = put_rows(warehouse, "vocab", "2", {Slice("2026-01-06"): [{"item_id": "b", "brand": "B"}]})
    assert version == 2  # one commit adds the column, the next the rows
    assert warehouse.read_small("vocab")["brand"].to_pylist() == [None, "B"]
    assert compact(warehouse.open("vocab"), "9") == 0
    assert remove_orphans(warehouse.open("vocab"), 1).deleted == []
    found = polars.scan_delta(str(warehouse.root / "vocab")).sort("item_id").collect()
    assert found["brand"].to_list() == [None, "B"]


def test_polars_reads_a_table_with_and_without_named_slices(warehouse: Warehouse) -> None:
    put_rows(warehouse, "vocab", "2", {Slice("2026-01-06"): row("b")})
    for run, model in enumerate(("sasrec", "als")):
        put_rows(warehouse, "unserved", f"{run}", {Slice("2026-01-05", model): [{"user_id": model}]})
    vocab = polars.scan_delta(str(warehouse.root / "vocab")).sort("item_id").collect()
    assert vocab.select("item_id", "dt").rows() == [("a", "2026-01-05"), ("b", "2026-01-06")]
    unserved = polars.scan_delta(str(warehouse.root / "unserved")).sort("user_id").collect()
    assert unserved.select("user_id", "model").rows() == [("als", "als"), ("sasrec", "sasrec")]
