"""Days that are carried on, killed at random moments and at every stage: equal content, and nothing left behind."""

import random
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import date
from pathlib import Path

import psutil
import pytest

from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.platform.distribution import build_code
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.warehouse import Warehouse
from jobs import maintain
from tests.carried_world import deliver_days, world_config
from tests.checkout import ROOT
from tests.log_files import write_config
from tests.runs import run_job
from tests.standalone_cluster import Cluster, standalone_cluster
from tests.warehouse_contents import contents

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.usefixtures("spark")]
JOBS = ("ingest", "sequences")


def make_worlds(root: Path, days: int = 3) -> tuple[Config, Config, list[date]]:
    """Two warehouses for one log, all of whose days are delivered before any is looked at."""
    config = world_config(root)
    disturbed = config.model_copy(update={"warehouse": root / "disturbed"})
    return config, disturbed, list(deliver_days(root, days, seed=2))


def run_days(config: Config, days: list[date]) -> None:
    for day in days:
        for job in JOBS:
            run_job(job, RunContext(config, day))


class Poller(threading.Thread):
    """Reads every committed slice all the time, and remembers all contents that each ever had."""

    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__(daemon=True)
        self.seen: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self.reads, self.errors = 0, list[str]()
        self._warehouse, self._over = warehouse, threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.2):
            try:
                for key, found in contents(self._warehouse).items():
                    self.seen[key].add(found)
                    self.reads += 1
            except Exception as error:  # any error at all is what the test is about
                self.errors.append(repr(error))

    def stop(self) -> None:
        self._over.set()
        self.join(timeout=60)


@pytest.mark.parametrize("count", [3, pytest.param(5, marks=pytest.mark.release)])
def test_killed_at_random_moments(tmp_path: Path, count: int) -> None:
    chance = random.Random(8)
    undisturbed, config, days = make_worlds(tmp_path, count)
    started = time.monotonic()
    assert start(undisturbed, JOBS[0], days[0]).wait(timeout=600) == 0
    typical = time.monotonic() - started
    run_days(undisturbed, days)
    poller = Poller(Warehouse(config.warehouse))
    poller.start()
    kills = 0
    for day in days:
        for job in JOBS:
            kills += killed(start(config, job, day), after=chance.uniform(0.1, 0.8) * typical)
            assert start(config, job, day).wait(timeout=600) == 0
    poller.stop()
    assert kills >= len(days)  # a run may end before it is to be killed, but not most of them
    expected = contents(Warehouse(undisturbed.warehouse))
    assert contents(Warehouse(config.warehouse)) == expected
    assert poller.errors == [] and poller.reads > 1_000
    assert {key: found for key, found in poller.seen.items() if found != {expected[key]}} == {}
    assert_nothing_is_left_behind(config, days[-1])
    print(f"killed {kills} times; {poller.reads} reads")


def killed(process: "subprocess.Popen[bytes]", after: float) -> bool:
    """Whether the process had to be killed after so many seconds, and not ended before."""
    try:
        assert process.wait(timeout=after) == 0
        return False
    except subprocess.TimeoutExpired:
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        psutil.wait_procs(family, timeout=120)
        return True


def start(config: Config, job: str, day: date) -> "subprocess.Popen[bytes]":
    path = write_config(config.warehouse.parent / "shop.yaml", config)
    command = [sys.executable, "-m", f"jobs.{job}", "--config", str(path), "--day", day.isoformat()]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def assert_nothing_is_left_behind(config: Config, day: date) -> None:
    """After `maintain`, once nobody can be reading them any more, only the files that a table names are kept."""
    at_once = config.maintain.model_copy(update={"retention_hours": 0})  # less than a configuration may say
    before = contents(Warehouse(config.warehouse))
    outcome = maintain.run(RunContext(config.model_copy(update={"maintain": at_once}), day))
    assert outcome.details["left_alone"] == []
    warehouse = Warehouse(config.warehouse)
    named = {file for table in TABLES for file in warehouse.files(table)}
    assert {str(path) for path in config.warehouse.rglob("*.parquet") if "_delta_log" not in path.parts} == named
    assert contents(warehouse) == before


def test_a_task_is_killed_at_every_stage(tmp_path: Path) -> None:
    """On two workers: each stage loses the machine of its first task, and the job goes on."""
    undisturbed, config, days = make_worlds(tmp_path)
    run_days(undisturbed, days[:2])
    run_days(config, days[:1])
    run_job("ingest", RunContext(config, days[1]))
    build_code(tmp_path / "dist")
    (archive,) = (tmp_path / "dist").glob("interest_spark-*.zip")
    path = write_config(tmp_path / "shop.yaml", config)
    patient = [
        "spark.task.maxFailures=50",
        "spark.stage.maxConsecutiveAttempts=50",
        "spark.deploy.maxExecutorRetries=-1",
    ]
    submitted = [
        *(argument for each in patient for argument in ("--conf", each)),
        *("--executor-memory", "512m", "--py-files", str(archive)),
        *(str(tmp_path / "dist" / "jobs" / "sequences.py"), "--config", str(path), "--day", days[1].isoformat()),
    ]
    with standalone_cluster(tmp_path / "cluster", worker_memory="1g") as cluster:
        killer = StageKiller(cluster)
        killer.start()
        done = cluster.submit(submitted, tmp_path, timeout=900)
        killer.stop()
    assert done.returncode == 0, (done.stderr[-3000:], cluster.logs())
    assert len(killer.killed) >= 6, killer.killed
    assert contents(Warehouse(config.warehouse)) == contents(Warehouse(undisturbed.warehouse))
    assert_nothing_is_left_behind(config, days[1])


class StageKiller(threading.Thread):
    """Kills the first executor that begins a task of a stage, once a stage."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self.killed: set[str] = set()
        self._cluster, self._over = cluster, threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.01):
            for process in psutil.process_iter(["cmdline", "cwd"]):
                if "CoarseGrainedExecutorBackend" in " ".join(process.info["cmdline"] or []):
                    self._kill_in_a_new_stage(process)

    def _kill_in_a_new_stage(self, process: psutil.Process) -> None:
        log = Path(process.info["cwd"] or "/", "stderr")
        if not log.is_relative_to(self._cluster.folder) or not log.exists():
            return
        begun = set(re.findall(r"Running task \d+\.\d+ in stage (\d+)\.", log.read_text(errors="replace")))
        if begun - self.killed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
                self.killed |= begun

    def stop(self) -> None:
        self._over.set()
        self.join(timeout=60)
