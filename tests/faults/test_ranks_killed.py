"""A rank that is killed or stopped ends the run with exit code 75 and leaves no process behind."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from interest_spark.foundation.errors import BusyError
from interest_spark.models.launch.launch import launch
from interest_spark.models.training.plan import TrainPlan
from tests.unit.models.worlds import make_plan, random_histories

psutil = pytest.importorskip("psutil")
pytest.importorskip("horovod", reason="Horovod is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

HISTORIES = random_histories(60, 40, 15)


def make_long_plan(folder: Path, **train: object) -> TrainPlan:
    return make_plan(folder, HISTORIES, 10, epochs=1_000_000, **train)


def ranks_of(plan: TrainPlan) -> "dict[int, psutil.Process]":
    """The plan's living rank processes by rank."""
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if command[1:3] == ["-m", "interest_spark.models.launch.rank_main"] and str(plan.work) in command[-1]:
            found[int(process.environ().get("HOROVOD_RANK", 0))] = process
    return found


@contextmanager
def disturbed(plan: TrainPlan, rank: int, number: signal.Signals) -> Iterator[None]:
    """Send a signal to one rank as soon as steps are being finished."""

    def disturb() -> None:
        while not (plan.curve.exists() and plan.curve.stat().st_size):
            time.sleep(0.2)
        os.kill(ranks_of(plan)[rank].pid, number)

    thread = threading.Thread(target=disturb, daemon=True)
    thread.start()
    yield
    thread.join()


@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_rank_ends_the_run(tmp_path: Path, rank: int) -> None:
    plan = make_long_plan(tmp_path, launcher="horovodrun", ranks=2, stall_seconds=300)
    with disturbed(plan, rank, signal.SIGKILL), pytest.raises(BusyError, match=r"died|was killed"):
        launch(plan)
    assert not ranks_of(plan)
    assert not plan.bundle.exists()


def test_a_killed_single_rank_ends_the_run(tmp_path: Path) -> None:
    plan = make_long_plan(tmp_path)
    with disturbed(plan, 0, signal.SIGKILL), pytest.raises(BusyError, match="a rank was killed"):
        launch(plan)


def test_a_stopped_rank_is_named(tmp_path: Path) -> None:
    plan = make_long_plan(tmp_path, launcher="horovodrun", ranks=2, stall_seconds=15)
    with disturbed(plan, 1, signal.SIGSTOP), pytest.raises(BusyError, match="rank 1 has no heartbeat"):
        launch(plan)
    assert not ranks_of(plan)
