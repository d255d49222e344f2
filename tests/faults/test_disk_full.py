"""A disk that fills up, of the warehouse or of Spark's scratch: exit code 75, no day half published."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interest_spark.foundation.errors import EXIT_BUSY
from tests.checkout import ROOT
from tests.faults.two_day_shop import DAY, JOBS, Shop, committed_shop, undisturbed_contents
from tests.small_disk import fill, small_disk
from tests.warehouse_contents import Contents, contents

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MEGABYTES = 20
GIVEN_BACK = 48 * 1024  # bytes before each further attempt; the job's files are of a few KiB each


@pytest.fixture(scope="module")
def shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return committed_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def expected(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Contents]:
    return undisturbed_contents(shop, tmp_path_factory.mktemp("undisturbed") / "copy")


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
        fill(disk, leave=GIVEN_BACK)
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
