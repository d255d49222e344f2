"""A stalled rank ends with exit code 75 and names who is silent."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from interest_spark.foundation.errors import BadDataError, BusyError, ConfigError
from interest_spark.models.launch.failures import find_failure, note_failure

_SCRIPT = """
import sys, time
from pathlib import Path
from interest_spark.models.launch.watchdog import Watchdog
start, stall, step = map(int, sys.argv[2:5])
with Watchdog(Path(sys.argv[1]), 0, 2, start, stall, int(sys.argv[5]) if len(sys.argv) > 5 else None) as watchdog:
    if step:
        watchdog.step_finished(step)
    time.sleep(60)
"""


def stalled(work: Path, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", _SCRIPT, str(work), *map(str, arguments)], timeout=50, check=False)


@contextmanager
def heartbeats(file: Path) -> Iterator[None]:
    """The heartbeats of a living rank, however long the other takes to start."""
    over = threading.Event()

    def touch() -> None:
        while not over.wait(0.1):
            file.touch()

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_rank_that_never_starts_is_ended(tmp_path: Path) -> None:
    assert stalled(tmp_path, 2, 500, 0).returncode == 75
    failure = find_failure(tmp_path)
    assert isinstance(failure, BusyError)
    assert "no step was finished in 2 s after step 0; rank 1 has no heartbeat" in str(failure)
    assert "train.start_seconds" in str(failure)


def test_a_stalled_step_is_ended_and_the_living_are_not_accused(tmp_path: Path) -> None:
    with heartbeats(tmp_path / "alive-1"):
        assert stalled(tmp_path, 500, 2, 7).returncode == 75
    text = str(find_failure(tmp_path))
    assert "in 2 s after step 7; every rank is alive" in text
    assert "train.stall_seconds" in text


def test_a_rank_does_not_outlive_its_launcher(tmp_path: Path) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", "pass"])
    launcher.wait()
    started = time.monotonic()
    assert stalled(tmp_path, 500, 500, 0, launcher.pid).returncode == 75
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("worse", [BadDataError("bad"), ConfigError("config"), ValueError("bug")])
def test_what_a_retry_cannot_cure_is_reported_before_a_lost_connection(tmp_path: Path, worse: Exception) -> None:
    assert find_failure(tmp_path) is None
    note_failure(tmp_path, 0, BusyError("lost the others"))
    note_failure(tmp_path, 1, worse)
    failure = find_failure(tmp_path)
    assert str(failure) == str(worse)
    assert type(failure) is (RuntimeError if isinstance(worse, ValueError) else type(worse))
