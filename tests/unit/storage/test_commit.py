"""What a commit replaces, whom it excludes, and that it costs the same however many came before."""

from pathlib import Path

import pytest

from interest_spark.foundation.errors import BusyError
from interest_spark.storage.commit import commit, remove_slices
from interest_spark.storage.layout import Slice
from interest_spark.storage.log_files import COMMITS_A_CHECKPOINT, VERSIONS_KEPT
from interest_spark.storage.warehouse import Warehouse
from tests.small_tables import put_rows, stage_rows

MONDAY, TUESDAY = Slice("2026-01-05"), Slice("2026-01-06")


def items(warehouse: Warehouse, **selection: str) -> list[str]:
    return sorted(warehouse.read_small("vocab", **selection)["item_id"].to_pylist())


def row(name: str, index: int = 2) -> list[dict[str, object]]:
    return [{"item_id": name, "item_index": index}]


def test_a_commit_replaces_its_slices_and_nothing_else(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    put_rows(warehouse, "vocab", "1", {MONDAY: row("a"), TUESDAY: row("b")})
    put_rows(warehouse, "vocab", "2", {TUESDAY: row("c")})
    assert items(warehouse) == ["a", "c"]
    assert items(warehouse, day=TUESDAY.day) == ["c"]


def test_a_slice_without_rows_is_committed_and_empty(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    put_rows(warehouse, "vocab", "1", {MONDAY: row("a"), TUESDAY: []})
    assert warehouse.days("vocab") == [MONDAY.day, TUESDAY.day]
    assert items(warehouse, day=TUESDAY.day) == []


def test_models_of_one_day_live_side_by_side(tmp_path: Path) -> None:
    warehouse, day = Warehouse(tmp_path), "2026-01-05"
    for run, model in enumerate(("sasrec", "als", "sasrec")):
        rows = [{"user_id": f"u{run}", "rank": 1}]
        put_rows(warehouse, "recommendations", f"r{run}", {Slice(day, model): rows})
    found = warehouse.read_small("recommendations", day=day).select(["model", "user_id"]).to_pylist()
    assert sorted((each["model"], each["user_id"]) for each in found) == [("als", "u1"), ("sasrec", "u2")]
    assert warehouse.read_small("recommendations", name="als")["user_id"].to_pylist() == ["u1"]


def test_a_whole_history_replaces_what_has_its_name_and_nothing_else(tmp_path: Path) -> None:
    """Lines of items are refused in a run of their own: a new whole history of events must not lose them."""
    warehouse = Warehouse(tmp_path)
    for kind, day in (("items", "2026-01-05"), ("events", "2026-01-05"), ("events", "2026-01-06")):
        put_rows(warehouse, "quarantine", f"{kind}-{day}", {Slice(day, kind): [{"raw": kind}]})
    base = warehouse.open("quarantine")
    put_rows(warehouse, "quarantine", "items-again", {Slice("2026-01-07", "items"): [{"raw": "more items"}]})
    commit(stage_rows(base, "whole", {Slice("2026-01-08", "events"): [{"raw": "all"}]}), base, whole_table=True)
    assert sorted(warehouse.read_small("quarantine")["raw"].to_pylist()) == ["all", "items", "more items"]
    with pytest.raises(BusyError):
        commit(stage_rows(base, "late", {Slice("2026-01-09", "events"): [{"raw": "late"}]}), base, whole_table=True)


def test_of_two_runs_that_read_the_same_version_one_loses(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    put_rows(warehouse, "vocab", "1", {MONDAY: row("a")})
    base = warehouse.open("vocab")
    first, second = (stage_rows(base, run, {TUESDAY: row(run)}) for run in ("2", "3"))
    commit(first, base)
    with pytest.raises(BusyError, match="run 2 committed 2026-01-06"):
        commit(second, base)
    assert items(warehouse) == ["2", "a"]


def test_runs_of_other_days_pass_each_other_unless_one_needs_the_whole_table(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    base = warehouse.open("vocab")
    monday, tuesday = stage_rows(base, "1", {MONDAY: row("a")}), stage_rows(base, "2", {TUESDAY: row("b")})
    wednesday = stage_rows(base, "3", {Slice("2026-01-07"): row("c")})
    commit(monday, base)
    commit(tuesday, base)
    with pytest.raises(BusyError, match="run the job again"):
        commit(wednesday, base, exclusive=True)
    assert items(warehouse) == ["a", "b"]


def test_a_rival_between_staging_and_the_first_read_counts_too(tmp_path: Path) -> None:
    """The base is what was read, not what was there when staging began."""
    warehouse = Warehouse(tmp_path)
    base = warehouse.open("vocab")
    put_rows(warehouse, "vocab", "rival", {MONDAY: row("b")})
    with pytest.raises(BusyError):
        commit(stage_rows(base, "mine", {MONDAY: row("a")}), base)
    assert items(warehouse) == ["b"]


def test_a_row_of_another_day_is_refused(tmp_path: Path) -> None:
    base = Warehouse(tmp_path).open("vocab")
    staged = {MONDAY: row("a"), TUESDAY: row("b")}
    stage_rows(base, "1", staged)
    with pytest.raises(ValueError, match=r"rows of days \['2026-01-06'\]"):
        from interest_spark.storage.commit import data_files, stage_files
        from interest_spark.storage.run_record import read_record

        record = read_record(base.folder / "run-1")
        assert record is not None
        stage_files(base, data_files(base.folder), [MONDAY], record)


def test_a_footer_with_other_columns_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    base = Warehouse(tmp_path).open("vocab")
    folder = base.folder / "run-1" / f"dt={MONDAY.day}"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"item_id": ["a"], "item_index": pa.array([2], pa.int64())}), folder / "part-0.parquet")
    from interest_spark.storage.commit import stage_files
    from interest_spark.storage.run_record import EVERY_DAY, MadeFrom, RunRecord

    record = RunRecord("1", {EVERY_DAY: MadeFrom("test", 1)}, {})
    with pytest.raises(ValueError, match="the table has"):
        stage_files(base, [str(folder / "part-0.parquet")], [MONDAY], record)
    assert warehouse_is_empty(tmp_path)


def warehouse_is_empty(root: Path) -> bool:
    return Warehouse(root).version("vocab") == -1


def test_slices_can_be_taken_out(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    put_rows(warehouse, "vocab", "1", {MONDAY: row("a"), TUESDAY: row("b")})
    before = warehouse.open("vocab")
    remove_slices(before, [MONDAY], "2")
    assert items(warehouse) == ["b"]
    assert len(before.files(day=MONDAY.day)) == 1  # a reader of the earlier version still has it


def test_the_log_keeps_some_commits_and_no_row_is_lost(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    commits = VERSIONS_KEPT + 3 * COMMITS_A_CHECKPOINT
    for number in range(commits):
        put_rows(warehouse, "vocab", f"{number:04}", {Slice(f"2026-01-{1 + number % 28:02}"): row(f"i{number:04}")})
    assert items(warehouse) == [f"i{number:04}" for number in range(commits - 28, commits)]
    log = [path.name for path in (tmp_path / "vocab" / "_delta_log").glob("*.json")]
    assert len(log) <= VERSIONS_KEPT + 2 * COMMITS_A_CHECKPOINT
    assert warehouse.version("vocab") == commits - 1
    assert warehouse.open("vocab").made_from(Slice("2026-01-28")) is not None


def test_a_run_whose_base_the_log_has_forgotten_is_refused(tmp_path: Path) -> None:
    """Nobody can tell any more whether a rival replaced its day."""
    warehouse = Warehouse(tmp_path)
    put_rows(warehouse, "vocab", "first", {MONDAY: row("a")})
    base = warehouse.open("vocab")
    for number in range(VERSIONS_KEPT + 2 * COMMITS_A_CHECKPOINT):
        put_rows(warehouse, "vocab", f"{number}", {TUESDAY: row(f"i{number}")})
    with pytest.raises(BusyError, match="other runs"):
        commit(stage_rows(base, "late", {MONDAY: row("z")}), base)
