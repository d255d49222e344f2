"""What Spark really raises when a disk is full, a store is away, a worker dies, or our own code fails in a worker."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interest_spark.foundation.errors import BadDataError, BusyError, ConfigError
from interest_spark.platform.failures import expected_failure
from tests.checkout import ROOT
from tests.small_disk import small_disk

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Sessions that end in ways that the tests' shared one must not.
ENDED = """
import psutil
from interest_spark.config.spark import SparkConfig
from interest_spark.platform.failures import expected_failure
from interest_spark.platform.session import start_session

def count(frame):
    try:
        frame.count()
    except Exception as error:
        print(type(expected_failure(error)).__name__, expected_failure(error))

session = start_session(SparkConfig(master="local[1]"), "ended")
frame = session.range(3)
session.stop()
count(frame)
frame = start_session(SparkConfig(master="local[1]"), "ended").range(3)
for child in psutil.Process().children(recursive=True):
    child.kill()
    child.wait()
count(frame)
"""

SPILL = """
from interest_spark.config.spark import SparkConfig
from interest_spark.platform.failures import expected_failure
from interest_spark.platform.session import start_session

little = {"spark.memory.fraction": "0.05"}
session = start_session(SparkConfig(master="local[1]", driver_memory="600m", conf=little), "spill")
rows = session.range(0, 1_000_000, 1, 1).selectExpr("sha2(string(id), 256) as id")
try:
    rows.sortWithinPartitions("id").write.format("noop").mode("overwrite").save()
except Exception as error:
    assert "error while calling spill()" in str(error)
    print(type(expected_failure(error)).__name__, expected_failure(error))
"""


def raised_in_worker(spark: "SparkSession", fail: Callable[[], object]) -> Exception:
    """What the driver gets when `fail` is called in a Python worker."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        fail()
        yield from batches

    with pytest.raises(Exception) as raised:
        spark.range(1).mapInArrow(run, "id long").collect()
    return raised.value


def fail_with(error: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


def test_spark_writing_to_a_full_disk(spark: "SparkSession", tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as disk, pytest.raises(Exception) as raised:
        spark.range(0, 200_000, 1, 1).selectExpr("uuid() as id").write.parquet(str(disk / "rows"))
    busy = expected_failure(raised.value)
    assert isinstance(busy, BusyError)
    assert str(busy).startswith("No space left on device; nothing unfinished was published: free space")


def test_a_worker_writing_to_a_full_disk(spark: "SparkSession", tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        error = raised_in_worker(spark, lambda: (disk / "new").write_bytes(bytes(2_000_000)))
    assert isinstance(expected_failure(error), BusyError)


def test_spark_spilling_to_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        environment = {**os.environ, "SPARK_LOCAL_DIRS": str(disk)}
        done = subprocess.run(
            [sys.executable, "-c", SPILL], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    assert done.stdout.startswith("BusyError No space left on device; nothing unfinished"), done.stderr[-3000:]


def test_a_store_that_is_away(spark: "SparkSession") -> None:
    with pytest.raises(Exception) as raised:
        spark.read.option("ipc.client.connect.max.retries", 0).parquet("hdfs://127.0.0.1:9/events")
    busy = expected_failure(raised.value)
    assert isinstance(busy, BusyError)
    assert str(busy).startswith("a store or service is not reached (Call From ")
    assert "to localhost:9 failed" in str(busy) and "\n" not in str(busy)


def test_a_killed_worker(spark: "SparkSession") -> None:
    busy = expected_failure(raised_in_worker(spark, lambda: os.kill(os.getpid(), 9)))
    assert isinstance(busy, BusyError) and "a Python worker of Spark was killed" in str(busy)


@pytest.mark.parametrize("error", [BadDataError("weights.npz: changed\nAOK: 商品"), ConfigError("a"), BusyError("b")])
def test_our_own_errors_keep_their_kind_and_text(spark: "SparkSession", error: Exception) -> None:
    found = expected_failure(raised_in_worker(spark, fail_with(error)))
    assert (type(found), str(found)) == (type(error), str(error))


def test_an_error_of_ours_that_another_one_led_to(spark: "SparkSession") -> None:
    def fail() -> None:
        try:
            raise ValueError("unreadable")
        except ValueError as error:
            raise BadDataError("bundle m1 is unreadable") from error

    assert str(expected_failure(raised_in_worker(spark, fail))) == "bundle m1 is unreadable"


@pytest.mark.parametrize(
    "fail",
    [
        fail_with(ValueError("java.net.ConnectException: Connection refused")),
        fail_with(
            RuntimeError("ExecutorLostFailure (executor 1 exited) Reason: No space left on device (os error 28)")
        ),
        fail_with(KeyError("interest_spark.foundation.errors.BadDataError: no")),
        lambda: Path("/nowhere").read_bytes(),
    ],
)
def test_a_bug_in_a_worker_stays_a_bug(spark: "SparkSession", fail: Callable[[], object]) -> None:
    assert expected_failure(raised_in_worker(spark, fail)) is None


def test_a_bug_in_the_driver_stays_a_bug(spark: "SparkSession") -> None:
    with pytest.raises(Exception) as raised:
        spark.range(1).select("No space left on device")
    assert expected_failure(raised.value) is None
    with pytest.raises(Exception) as raised:
        spark.range(1).selectExpr("raise_error('order 7: Connection refused')").collect()
    assert expected_failure(raised.value) is None


def test_the_cause_of_an_error_counts() -> None:
    with pytest.raises(RuntimeError) as raised:
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise RuntimeError("the table is not written") from error
    assert isinstance(expected_failure(raised.value), BusyError)


def test_an_application_or_a_java_process_that_ended() -> None:
    done = subprocess.run([sys.executable, "-c", ENDED], cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line]
    assert len(lines) == 2, done.stderr[-3000:]
    assert lines[0].startswith("BusyError the Spark application was ended; nothing unfinished was published: run")
    assert lines[1].startswith("BusyError the Java process of the Spark driver ended; nothing unfinished was published")
