"""Killed while it commits a change of champions, a run leaves the old champion or the new one, and always one."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from interest_spark.models.champion import newest_decision
from interest_spark.pipeline.runner import run_step
from interest_spark.steps.promote import rollback
from interest_spark.storage.warehouse import Warehouse
from tests.checkout import ROOT
from tests.promotion_world import CUTOFF, DAY, FIRST, ITEMS, NAME, plant_model, promoting, put_world, run_on
from tests.runs import run_job

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]

KILLS, LONGEST = 4, 0.08  # seconds that a commit takes at most


class Watcher(threading.Thread):
    """A reader that asks all the time who is champion; `seen` are its answers, `faults` what it met instead of one."""

    def __init__(self, root: Path) -> None:
        super().__init__(daemon=True)
        self.seen, self.faults = set[str](), list[str]()
        self._root, self._over = root, threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.005):
            try:
                self.seen.add(champion(self._root))
            except Exception as error:  # any error at all is what the test is about
                self.faults.append(repr(error))

    def stop(self) -> None:
        self._over.set()
        self.join(timeout=60)


def champion(root: Path) -> str:
    found = newest_decision(Warehouse(root).open("promotions"), through=DAY, name=NAME)
    assert found is not None
    return found.champion


def kill_in_a_commit(root: Path, after: float) -> None:
    command = [sys.executable, "-m", "tests.changing_champions", str(root), "b", "a"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for _ in range(3):  # the first ones are slower than the others
            while process.stdout.readline().strip() != "commit":
                assert process.poll() is None
        time.sleep(after)
        os.kill(process.pid, signal.SIGKILL)


def test_there_is_always_one_champion(tmp_path: Path) -> None:
    warehouse, chance = put_world(tmp_path), random.Random(4)
    plant_model(warehouse, FIRST, ITEMS[:20], "a")
    run_job("promote", run_on(promoting(tmp_path), FIRST))
    plant_model(warehouse, CUTOFF, ITEMS, "b")
    watcher = Watcher(tmp_path)
    watcher.start()
    for _ in range(KILLS):
        kill_in_a_commit(tmp_path, chance.uniform(0, LONGEST))
        assert champion(tmp_path) in ("a", "b")
    watcher.stop()
    assert (watcher.seen, watcher.faults) == ({"a", "b"}, [])
    for version in ("b", "a"):  # and whoever comes next goes on as if nothing had happened
        run_step(rollback(version, "after the kills"), run_on(promoting(tmp_path), DAY))
        assert champion(tmp_path) == version
