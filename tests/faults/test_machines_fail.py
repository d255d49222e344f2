"""Machines that fail below a job, executors killed and disks full: exit code 75, and the rerun completes."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from interest_spark.foundation.errors import EXIT_BUSY
from interest_spark.platform.distribution import build_code
from tests.checkout import ROOT
from tests.faults.two_day_shop import DAY, JOBS, Shop, committed_shop, undisturbed_contents
from tests.small_disk import fill, small_disk
from tests.standalone_cluster import Cluster, standalone_cluster
from tests.warehouse_contents import Contents, contents

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MEGABYTES = 20
GIVEN_BACK = 48 * 1024  # bytes before each further attempt; the job's files are of a few KiB each
FOR_FOLDERS = 8 * 1024  # so that Spark starts, and has no room for anything that tasks keep


@pytest.fixture(scope="module")
def shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return committed_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def expected(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Contents]:
    return undisturbed_contents(shop, tmp_path_factory.mktemp("undisturbed") / "copy")


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
    cluster: Cluster, artefact: Path, shop: Shop, expected: dict[str, Contents], tmp_path: Path
) -> None:
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


def is_mix_of(seen: Contents, before: Contents, after: Contents) -> bool:
    """Whether every slice that a reader sees is wholly the old or wholly the new one, and no old one is gone."""
    return before.keys() <= seen.keys() and all(
        found in (before.get(key), after.get(key)) for key, found in seen.items()
    )


def test_the_warehouse_fills_up_everywhere_in_a_job(shop: Shop, expected: dict[str, Contents], tmp_path: Path) -> None:
    """Each attempt gets a little further than the one before it."""
    with small_disk(tmp_path / "disk", MEGABYTES) as disk:
        crowded = shop.copy_to(disk)
        for job in JOBS:
            before, attempts = contents(crowded.warehouse), 0
            fill(disk)
            while (done := crowded.run(job)).exit_code != 0:
                attempts += 1
                assert done.exit_code == EXIT_BUSY, (job, attempts, done.stderr[-3000:], done.exception)
                assert "nothing unfinished was published" in done.stderr and "Traceback" not in done.stderr
                assert is_mix_of(contents(crowded.warehouse), before, expected[job])
                fill(disk, leave=attempts * GIVEN_BACK)
            assert attempts > 0
            assert contents(crowded.warehouse) == expected[job]
            (disk / "filler").unlink()


def test_sparks_scratch_is_full(shop: Shop, expected: dict[str, Contents], tmp_path: Path) -> None:
    copy = shop.copy_to(tmp_path / "scratch")
    before = contents(copy.warehouse)
    command = [sys.executable, "-m", "jobs.cli", "ingest", "--config", str(copy.config), "--day", DAY]
    with small_disk(tmp_path / "disk", MEGABYTES) as disk:
        fill(disk, leave=FOR_FOLDERS)
        environment = {**os.environ, "SPARK_LOCAL_DIRS": str(disk)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
    assert done.returncode == EXIT_BUSY, done.stderr[-3000:]
    assert "No space left on device; nothing unfinished was published: free space" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(copy.warehouse) == before
    copy.finish("ingest")
    assert contents(copy.warehouse) == expected["ingest"]
