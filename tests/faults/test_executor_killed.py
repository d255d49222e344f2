"""Executors killed in the middle of a job on a real cluster: exit code 75, and the rerun completes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from interest_spark.foundation.errors import EXIT_BUSY
from interest_spark.platform.distribution import build_code
from tests.faults.two_day_shop import DAY, JOBS, Shop, committed_shop, undisturbed_contents
from tests.standalone_cluster import Cluster, standalone_cluster
from tests.warehouse_contents import contents

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return committed_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path_factory.mktemp("cluster"), worker_memory="1g") as running:
        yield running


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("artefact") / "dist"
    build_code(target)
    return target


def executors_at_work(cluster: Cluster) -> list[psutil.Process]:
    """The cluster's executors, found by their working folders, whose logs say that they have begun a task."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if "CoarseGrainedExecutorBackend" not in " ".join(process.info["cmdline"] or []):
            continue
        log = Path(process.info["cwd"] or "/", "stderr")
        if log.is_relative_to(cluster.folder) and log.exists() and "Running task" in log.read_text(errors="replace"):
            found.append(process)
    return found


@contextmanager
def killed_executors(cluster: Cluster) -> Iterator[list[int]]:
    """SIGKILL every executor as soon as it is at work; gives the process ids of those killed so far."""
    killed: list[int] = []
    over = threading.Event()

    def kill_all() -> None:
        while not over.wait(0.02):
            for process in executors_at_work(cluster):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
                    killed.append(process.pid)

    thread = threading.Thread(target=kill_all, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def test_killed_executors_end_a_job_as_temporary_and_the_rerun_completes(
    cluster: Cluster, artefact: Path, shop: Shop, tmp_path: Path
) -> None:
    expected = undisturbed_contents(shop, tmp_path / "undisturbed")
    disturbed = shop.copy_to(tmp_path / "disturbed")
    (archive,) = artefact.glob("interest_spark-*.zip")
    once = ["--conf", "spark.task.maxFailures=1", "--executor-memory", "512m", "--py-files", str(archive)]
    for job in JOBS:
        before = contents(disturbed.warehouse)
        submitted = [*once, str(artefact / "jobs" / f"{job}.py"), "--config", str(disturbed.config), "--day", DAY]
        with killed_executors(cluster) as killed:
            done = cluster.submit(submitted, tmp_path, timeout=240)
        said = done.stdout + done.stderr  # spark-submit sends what Python says to standard output, errors too
        assert killed, (job, said[-3000:])
        assert done.returncode == EXIT_BUSY, (job, said[-5000:], cluster.logs())
        (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
        assert "nothing unfinished was published" in line and "run the job again" in line
        assert "Traceback" not in said
        assert contents(disturbed.warehouse) == before, job
        disturbed.finish(job)
        assert contents(disturbed.warehouse) == expected[job], job
