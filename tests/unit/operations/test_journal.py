"""The journal of runs: what was written is read, what is damaged hides nothing else, a killed run is lost."""

import os
import signal
import subprocess
import sys
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.resource_use import ResourceUse
from interest_spark.operations.entry import StepEntry, utc_now
from interest_spark.operations.journal import Journal, days_ago
from interest_spark.operations.recorder import Recorder
from tests.journal_entries import BEGIN, run_entry, step_entry


def test_what_is_written_is_read_oldest_first(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    taken = ResourceUse(driver_memory_mb=900.5, shuffle_bytes=7)
    later = run_entry("r2", minutes=24 * 60, steps=(step_entry(error="broken", status="blocked", use=taken),))
    first = run_entry("r1", current=(("events", "2026-01-02"),))
    journal.write(later)
    journal.write(first)
    assert list(journal.read(BEGIN.date())) == [first, later]
    assert list(journal.read(BEGIN.date() + timedelta(days=1))) == [later]


def test_a_warehouse_without_a_journal_has_no_runs(tmp_path: Path) -> None:
    assert list(Journal(tmp_path).read(date(2026, 1, 1))) == []
    assert Journal(tmp_path).forget_before(date(2026, 1, 1)) == 0


def test_a_damaged_entry_hides_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(run_entry("r1"))
    folder = tmp_path / "_journal" / "2026-01-03"
    (folder / "r0.json").write_text('{"run_id": "r0"')
    (folder / "r2.json").write_text('{"run_id": "r2"}')
    (folder / "r3.json").mkdir()
    (folder / ".r4.draft").write_text("half")
    assert [each.run_id for each in journal.read(BEGIN.date())] == ["r1"]


def test_old_runs_are_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        journal.write(run_entry(f"r{number}", minutes=number * 24 * 60))
    assert journal.forget_before(BEGIN.date() + timedelta(days=2)) == 2
    assert [each.run_id for each in journal.read(date(2000, 1, 1))] == ["r2"]
    assert [folder.name for folder in (tmp_path / "_journal").iterdir()] == ["2026-01-05"]


def recorded(root: Path, *, ending: bool = True) -> Recorder:
    recorder = Recorder(root, "daily", "2026-01-02", "r1")
    with recorder.recording():
        with recorder.step("events", "2026-01-02") as record:
            record.rows, record.versions = {"events": 5}, {"events": 1}
        with recorder.step("items", "2026-01-02") as record:
            record.nothing_to_do = True
        with pytest.raises(BadDataError), recorder.step("daily", "2026-01-02"):
            raise BadDataError("no good")
        if ending:
            recorder.end("blocked", 3, "no good")
    return recorder


def test_a_run_is_told_step_by_step(tmp_path: Path) -> None:
    recorded(tmp_path)
    (entry,) = Journal(tmp_path).read(days_ago(utc_now(), 1))
    assert (entry.status, entry.exit_code, entry.error, entry.current) == ("blocked", 3, "no good", ())
    told = [(each.step, each.status, each.total_rows, each.error) for each in entry.steps]
    assert told == [("events", "done", 5, None), ("daily", "blocked", 0, "no good")]


def test_a_journal_that_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    (tmp_path / "_journal").write_text("in the way")
    recorded(tmp_path)


@given(steps=st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=30))
def test_threads_lose_no_step(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool]]) -> None:
    recorder = Recorder(tmp_path_factory.mktemp("w"), "backfill", "2026-01-02", "r1")

    def run(name: str, good: bool) -> None:
        try:
            with recorder.step(name, "2026-01-02"):
                if not good:
                    raise BadDataError(name)
        except BadDataError:
            pass

    threads = [threading.Thread(target=run, args=step) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entry = recorder.end("done", 0)

    def key(step: StepEntry) -> tuple[str, bool]:
        return step.step, step.error is None

    assert sorted(map(key, entry.steps)) == sorted(steps)
    assert entry.current == ()


_FOREVER = """
import sys, time
from pathlib import Path
from interest_spark.operations.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]), "daily", "2026-01-02", "r1")
with recorder.recording(), recorder.step("events", "2026-01-02"):
    print("begun", flush=True)
    time.sleep(600)
"""


def test_a_killed_run_is_lost_after_a_while(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _FOREVER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    (entry,) = Journal(tmp_path).read(days_ago(utc_now(), 1))
    assert entry.pid == process.pid
    assert entry.status_at(entry.updated + timedelta(seconds=20)) == "running"
    assert entry.status_at(entry.updated + timedelta(minutes=10)) == "lost"
