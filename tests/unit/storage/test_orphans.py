"""Housekeeping deletes the leftovers of this product's runs and nothing else, whatever lies in a warehouse."""

import os
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext, new_run_id
from interest_spark.storage import folders, log_files, orphans
from interest_spark.storage.bundles import remove_orphan_bundles
from interest_spark.storage.layout import Slice, is_generated
from interest_spark.storage.orphans import remove_orphans
from interest_spark.storage.warehouse import Warehouse
from jobs import maintain
from tests.integration.warehouse_world import config_of
from tests.small_tables import put_rows, stage_rows

DAY = Slice("2026-01-05")
GENERATED = "20260105T010203-0123abcd-sequences"
SPARKS = "part-00000-f9b552cf-e168-4271-9d21-1f2640a9f3ef.c000.snappy.parquet"
CHECKPOINT = "0d3f1f5e-6a8f-4f7e-9a53-0f4c2f6f3a11"
HOURS = 100


def make_old(path: Path, hours: float = 200) -> None:
    then = time.time() - hours * 3600
    for above, names, files in os.walk(path):
        for each in (".", *names, *files):
            os.utime(Path(above) / each, (then, then), follow_symlinks=False)


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"bytes of " + path.name.encode())
    return path


def contents(root: Path) -> dict[str, str | bytes]:
    """All below a folder: what files hold, where links lead, "" for folders."""
    found: dict[str, str | bytes] = {}
    for above, names, files in os.walk(root):
        for name in (*names, *files):
            path = Path(above) / name
            link_or_folder = str(path.readlink()) if path.is_symlink() else ""
            is_file = path.is_file() and not path.is_symlink()
            found[str(path.relative_to(root))] = path.read_bytes() if is_file else link_or_folder
    return found


def run_maintain(root: Path) -> list[str]:
    outcome = maintain.run(RunContext(config_of(root), date(2026, 1, 6)))
    left: list[str] = outcome.details["left_alone"]
    return left


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Two tables with a file each, one of models, and an orphan of every kind that runs leave."""
    warehouse = Warehouse(tmp_path / "warehouse")
    put_rows(warehouse, "vocab", "1", {DAY: [{"item_id": "a", "item_index": 2}]})
    put_rows(warehouse, "items", "1", {DAY: [{"item_id": "a"}]})
    model = {"model_version": "kept", "path": "bundles/kept", "manifest_sha256": "0"}
    put_rows(warehouse, "models", "1", {Slice(DAY.day, "sasrec"): [model]})
    write(warehouse.root / "bundles" / "kept" / "manifest.json")
    for orphan in orphans_of(warehouse):
        write(orphan)
    return warehouse


def orphans_of(warehouse: Warehouse) -> list[Path]:
    run, named = warehouse.root / "vocab" / f"run-{GENERATED}", warehouse.root / "models" / f"run-{GENERATED}"
    older, bundles = warehouse.root / "vocab" / "run=20251126T013646-a473bcd2", warehouse.root / "bundles"
    return [
        run / f"dt={DAY.day}" / "part-0.parquet",
        run / f"dt={DAY.day}" / "part-00003-of-00008-by-12ab34cd-0123456789ab.parquet",
        run / f"dt={DAY.day}" / SPARKS,
        run / f"dt={DAY.day}" / f".{SPARKS}.crc",
        run / f"dt={DAY.day}" / "part-0-no-rows.parquet",
        run / "_temporary" / "0" / "_temporary" / "attempt_1" / f"dt={DAY.day}" / SPARKS,
        run / "_SUCCESS",
        run / "_run.json",
        named / "sasrec" / f"dt={DAY.day}" / SPARKS,
        named / "sasrec" / "_SUCCESS",
        older / f"dt={DAY.day}" / SPARKS,
        bundles / "orphan" / "manifest.json",
        bundles / "orphan" / "weights.npz",
        bundles / ".v.7.draft" / "weights.npz",
        bundles / ".v.run.work" / "plan.json",
        bundles / ".v.run.work" / "candidates" / SPARKS,
        bundles / ".v.run.work" / "factors" / SPARKS,
        bundles / ".v.run.work" / "own" / "part-00000-0123456789ab.parquet",
        bundles / ".v.run.work" / "popularity" / "dt=2026-01-03" / "part-00000-0123456789ab.parquet",
        bundles / ".v.run.work" / "checkpoints" / CHECKPOINT / "rdd-31" / "part-00000",
        bundles / ".v.run.work" / "checkpoints" / CHECKPOINT / "rdd-31" / "._partitioner.crc",
        bundles / ".v-tastes.run.work" / "tastes" / "part-00000-0123456789ab.parquet",
        bundles / ".v.checkpoints" / "step-000000000012" / "arrays.npz",
    ]


def gone_with(orphan: Path, root: Path) -> set[str]:
    """The paths of an orphan and of the folders that hold nothing else."""
    path = orphan.relative_to(root)
    return {str(each) for each in (path, *path.parents) if len(each.parts) > 1}


def test_exactly_the_orphans_of_this_product_go(warehouse: Warehouse) -> None:
    before = contents(warehouse.root)
    gone = set().union(*(gone_with(orphan, warehouse.root) for orphan in orphans_of(warehouse)))
    make_old(warehouse.root)
    left = run_maintain(warehouse.root)
    after = {path: held for path, held in contents(warehouse.root).items() if "_delta_log" not in path}
    assert after == {path: held for path, held in before.items() if path not in gone and "_delta_log" not in path}
    assert left == []


STRANGE_FILES = [
    "notes.txt",
    "vocab/notes.txt",
    "vocab/part-0.parquet",
    "vocab/dt=2026-01-01/part-0.parquet",
    "vocab/run-foreign/part-x.parquet",
    "vocab/run-foreign/part-0.parquet",
    f"vocab/run-foreign/dt={DAY.day}/part-0.parquet",
    f"vocab/run-foreign/dt={DAY.day}/{SPARKS}",
    "vocab/run-foreign/_temporary/0/part-0.parquet",
    "vocab/run-foreign/_SUCCESS",
    f"vocab/run-1/dt={DAY.day}/part-x.parquet",
    f"vocab/run-1/dt={DAY.day}/deeper/part-0.parquet",
    f"vocab/run-1/backup/dt={DAY.day}/part-0.parquet",
    "vocab/run-1/_SUCCESS.txt",
    f"vocab/run-{GENERATED}/notes.txt",
    f"vocab/run-{GENERATED}/_temporary/notes.txt",
    f"vocab/run-{GENERATED}/dt={DAY.day}/part-00000.csv",
    f"vocab/run-{GENERATED}/dt=yesterday/part-0.parquet",
    f"models/run-{GENERATED}/sasrec/deeper/dt={DAY.day}/part-0.parquet",
    "models/run-1/part-0.parquet",
    "other_program/run-1/dt=2026-01-01/part-0.parquet",
    "bundles/stray.txt",
    "bundles/weights.npz",
    "bundles/website/index.html",
    "bundles/orphan/index.html",
    "bundles/kept/README.txt",
    "bundles/no_manifest/weights.npz",
    "bundles/.git/config",
    "bundles/.somebody.work/notes.txt",
    "bundles/.v.run.work/notes.txt",
    "bundles/.v.run.work/own/notes.txt",
    "bundles/.v.run.work/popularity/dt=2026-01-03/notes.txt",
    "bundles/.v.run.work/checkpoints/notes.txt",
    "bundles/.v.checkpoints/notes.txt",
]


@pytest.mark.parametrize("name", STRANGE_FILES)
def test_a_strange_file_stays_and_maintain_passes(warehouse: Warehouse, name: str) -> None:
    stranger = write(warehouse.root / name)
    make_old(warehouse.root)
    left = run_maintain(warehouse.root)
    assert stranger.read_bytes() == b"bytes of " + stranger.name.encode()
    if "/" in name and not name.startswith("other_program"):
        assert any(str(stranger).startswith(each) for each in left)
    assert (warehouse.root / "bundles" / "kept").exists()
    run_maintain(warehouse.root)
    assert stranger.exists()


LINKED = [
    "vocab",
    "vocab/run-8",
    "vocab/archive",
    f"vocab/run-{GENERATED}",
    "vocab/run-1/run-9",
    "vocab/run-1/dt=2026-01-04",
    f"vocab/run-{GENERATED}/dt=2026-01-04",
    f"vocab/run-{GENERATED}/_temporary",
    f"vocab/run-{GENERATED}/dt={DAY.day}/part-0.parquet",
    f"models/run-{GENERATED}/als",
    "vocab/_delta_log",
    "vocab/_delta_log/_sidecars",
    "bots",
    "bundles",
    "bundles/link",
    "bundles/.v.run.work",
    "bundles/orphan/weights.npz",
    "bundles/.v.checkpoints/step-000000000013",
]


@pytest.mark.parametrize("to_file", [False, True])
@pytest.mark.parametrize("name", LINKED)
def test_what_a_link_leads_to_stays(warehouse: Warehouse, tmp_path: Path, name: str, to_file: bool) -> None:
    """The link replaces what is there, which somebody has moved outside, and leads to all that could be deleted."""
    link, outside = warehouse.root / name, tmp_path / "outside"
    if link.exists() and not to_file:
        shutil.move(link, outside)
    elif link.is_dir():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    for each in (f"dt={DAY.day}/part-0.parquet", "part-0.parquet", f"run-{GENERATED}/dt={DAY.day}/part-0.parquet"):
        if not outside.is_file():
            write(outside / each)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside / "part-0.parquet" if to_file else outside)
    make_old(tmp_path)
    before = contents(outside) if outside.is_dir() else outside.read_bytes()
    left = run_maintain(warehouse.root)
    assert (contents(outside) if outside.is_dir() else outside.read_bytes()) == before
    assert link.is_symlink()
    if name != "vocab/_delta_log/_sidecars":
        assert str(link) in left


def test_a_warehouse_that_is_a_link_is_kept_tidy(warehouse: Warehouse, tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    mount.symlink_to(warehouse.root)
    make_old(warehouse.root)
    run_maintain(mount)
    assert not any(orphan.exists() for orphan in orphans_of(warehouse))
    assert Warehouse(mount).read_small("vocab")["item_id"].to_pylist() == ["a"]


def test_without_a_log_nothing_is_deleted(warehouse: Warehouse) -> None:
    """Somebody has lost it: whatever lies in the table may have been committed, and no bundle is known to be needed."""
    for table in ("vocab", "models"):
        shutil.rmtree(warehouse.root / table / "_delta_log")
    make_old(warehouse.root)
    before = contents(warehouse.root)
    left = run_maintain(warehouse.root)
    assert contents(warehouse.root) == before
    assert {str(warehouse.root / "vocab" / "run-1"), str(warehouse.root / "bundles")} <= set(left)


def test_files_that_the_log_may_have_lost_stay(warehouse: Warehouse) -> None:
    """Where the log names a file that is not there, the log itself may be the one that was changed."""
    file = warehouse.root / "vocab" / "run-1" / f"dt={DAY.day}" / "part-0.parquet"
    file.rename(file.with_name("part-1.parquet"))
    make_old(warehouse.root)
    with pytest.raises(BadDataError, match=r"vocab.*part-0\.parquet.*No such file"):
        run_maintain(warehouse.root)
    assert file.with_name("part-1.parquet").exists()
    assert (warehouse.root / "vocab" / f"run-{GENERATED}" / "_SUCCESS").exists()
    assert not (warehouse.root / "models" / f"run-{GENERATED}").exists()  # the other tables are tidied all the same


def exchange(folder: Path, outside: Path) -> None:
    """What an attacker does: the folder goes outside, and a link to it comes into its place."""
    shutil.move(folder, outside)
    folder.symlink_to(outside)


@pytest.mark.parametrize("below", ["", f"dt={DAY.day}"])
def test_a_folder_exchanged_for_a_link_between_the_look_and_the_deletion(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    run, outside = warehouse.root / "vocab" / f"run-{GENERATED}", tmp_path / "outside"
    make_old(warehouse.root)
    expected: dict[str, str | bytes] = {}

    def scan(within: int, name: str) -> folders.Found:
        found = folders.scan(within, name)
        if name == run.name:
            exchange(run / below, outside)
            expected.update(contents(outside))
        return found

    monkeypatch.setattr(orphans, "scan", scan)
    remove_orphans(warehouse.open("vocab"), HOURS)
    assert expected
    assert contents(outside) == expected


def test_a_file_exchanged_for_another_stays(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    file = warehouse.root / "vocab" / f"run-{GENERATED}" / f"dt={DAY.day}" / "part-0.parquet"
    make_old(warehouse.root)

    def scan(within: int, name: str) -> folders.Found:
        found = folders.scan(within, name)
        if name == f"run-{GENERATED}":
            file.unlink()
            file.write_bytes(b"a younger one")
        return found

    monkeypatch.setattr(orphans, "scan", scan)
    remove_orphans(warehouse.open("vocab"), HOURS)
    assert file.read_bytes() == b"a younger one"


def test_a_bundle_exchanged_for_a_link_stays(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interest_spark.storage import bundles

    orphan, outside = warehouse.root / "bundles" / "orphan", tmp_path / "outside"
    make_old(warehouse.root)

    def scan(within: int, name: str) -> folders.Found:
        found = folders.scan(within, name)
        if name == "orphan":
            exchange(orphan, outside)
        return found

    monkeypatch.setattr(bundles, "scan", scan)
    remove_orphan_bundles(warehouse.root, {"kept"}, HOURS)
    assert contents(outside).keys() == {"manifest.json", "weights.npz"}


def test_tidying_a_log_leaves_what_a_link_leads_to(warehouse: Warehouse, tmp_path: Path) -> None:
    log, outside = warehouse.root / "vocab" / "_delta_log", tmp_path / "outside"
    shutil.copy(log / f"{0:020}.checkpoint.parquet", log / f"{50:020}.checkpoint.parquet")
    linked = log / f"{1:020}.json"
    linked.symlink_to(write(tmp_path / "linked"))
    log_files._forget_before(log, 60)
    assert linked.is_symlink()
    assert not (log / f"{0:020}.json").exists()
    exchange(log, outside)
    before = contents(outside)
    with pytest.raises(OSError, match="Not a directory"):
        log_files._forget_before(log, 60)
    assert contents(outside) == before


def test_ids_of_jobs_are_known_as_such() -> None:
    for name in (new_run_id(), f"{new_run_id()}-events", f"old--compacted-{new_run_id()}-0"):
        assert is_generated(f"run-{name}")
    assert not any(map(is_generated, ("run-foreign", "run-7", "archive", "run-20260105", "20260105T010203-0123abcd")))


def test_a_killed_run_of_a_program_is_known_by_its_record(warehouse: Warehouse) -> None:
    stage_rows(warehouse.open("vocab"), "nightly", {DAY: [{"item_id": "b", "item_index": 3}]})
    make_old(warehouse.root)
    run_maintain(warehouse.root)
    assert not (warehouse.root / "vocab" / "run-nightly").exists()


NAMES = st.sampled_from(
    (
        f"run-foreign run-{GENERATED} run-1 dt={DAY.day} part-0.parquet part-x.parquet {SPARKS} _temporary _SUCCESS "
        "_run.json notes.txt weights.npz manifest.json step-1 sasrec .v.work"
    ).split()
)
PLACES = st.tuples(st.sampled_from(["vocab", "models", "bundles", "bots"]), st.lists(NAMES, min_size=1, max_size=4))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(PLACES, st.sampled_from(["file", "link to file", "link to folder"])), max_size=6))
def test_nothing_outside_and_nothing_committed_ever_goes(
    tmp_path_factory: pytest.TempPathFactory, placed: list[tuple[tuple[str, list[str]], str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    warehouse, outside = Warehouse(folder / "warehouse"), folder / "outside"
    put_rows(warehouse, "vocab", "1", {DAY: [{"item_id": "a", "item_index": 2}]})
    put_rows(warehouse, "models", "1", {Slice(DAY.day, "sasrec"): [{"model_version": "k", "path": "bundles/k"}]})
    for each in (f"dt={DAY.day}/part-0.parquet", "part-0.parquet", "manifest.json", f"run-1/dt={DAY.day}/{SPARKS}"):
        write(outside / each)
    make: dict[str, Callable[[Path], object]] = {
        "file": write,
        "link to file": lambda path: path.symlink_to(outside / "part-0.parquet"),
        "link to folder": lambda path: path.symlink_to(outside),
    }
    for (table, names), kind in placed:
        path = warehouse.root.joinpath(table, *names)
        above_are_folders = all(not each.is_symlink() and (each.is_dir() or not each.exists()) for each in path.parents)
        if above_are_folders and not path.exists() and not path.is_symlink():
            path.parent.mkdir(parents=True, exist_ok=True)
            make[kind](path)
    make_old(folder)
    links = {path for path, held in contents(folder).items() if isinstance(held, str) and held}
    before = contents(outside)
    run_maintain(warehouse.root)
    assert contents(outside) == before
    assert links <= contents(folder).keys()
    assert warehouse.read_small("vocab")["item_id"].to_pylist() == ["a"]
