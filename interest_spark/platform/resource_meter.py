"""Memory and exchanged bytes of a piece of work: sampled on the driver's machine, and asked of Spark's status."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psutil

from interest_spark.foundation.log import get_logger
from interest_spark.foundation.resource_use import ResourceUse

if TYPE_CHECKING:
    from pyspark import SparkContext

_SAMPLE_SECONDS = 0.5
_LISTENERS_MS = 5_000
_HEAPS = ("JVMHeapMemory", "JVMOffHeapMemory")
_MIB = 1 << 20


@contextmanager
def metered(context: "SparkContext") -> Iterator[ResourceUse]:
    """Fill in what the work within has taken, once it is over; a figure that cannot be had ends no work.

    Spark's jobs are told apart by a tag of the thread, so that steps at work side by side do not count each other's.
    The memory is the whole driver's: of such steps each is told that of all.
    """
    use, over, tag = ResourceUse(), threading.Event(), f"metered-{secrets.token_hex(4)}"
    sampler = threading.Thread(target=_sample, args=(use, over), name="resource-meter", daemon=True)
    sampler.start()
    context.addJobTag(tag)
    try:
        yield use
    finally:
        over.set()
        sampler.join()
        try:
            context.removeJobTag(tag)
            use.shuffle_bytes, use.executor_memory_mb = _of_stages(context, tag)
        except Exception as error:  # Spark has ended, or is another release: neither is the work's fault
            get_logger().debug("Spark tells nothing of the work", reason=str(error)[:200])


def _sample(use: ResourceUse, over: threading.Event) -> None:
    driver = psutil.Process()
    while True:
        now = _resident_memory(driver) / _MIB
        use.driver_memory_mb = round(max(use.driver_memory_mb or 0.0, now), 1)
        if over.wait(_SAMPLE_SECONDS):
            return


def _resident_memory(driver: psutil.Process) -> int:
    """Bytes, of the process and of all below it."""
    total = 0
    for process in (driver, *driver.children(recursive=True)):
        with suppress(psutil.Error):  # it has just ended
            total += process.memory_info().rss
    return total


def _of_stages(context: "SparkContext", tag: str) -> tuple[int, float | None]:
    """Bytes that the stages of the tag's jobs have shuffled, and the highest memory of one executor, in MiB."""
    spark: Any = context._jsc.sc()  # PySpark has no call for the status of stages
    spark.listenerBus().waitUntilEmpty(_LISTENERS_MS)
    status = spark.statusStore()
    stages = {
        int(stage)
        for job in spark.statusTracker().getJobIdsForTag(tag)
        for stage in status.job(job).stageIds().mkString(",").split(",")
        if stage
    }
    shuffled, memory = 0, 0
    for stage in sorted(stages):
        attempt = status.lastStageAttempt(stage)
        shuffled += attempt.shuffleWriteBytes()
        peaks = attempt.peakExecutorMetrics()
        if peaks.isDefined():
            memory = max(memory, sum(peaks.get().getMetricValue(name) for name in _HEAPS))
    return shuffled, round(memory / _MIB, 1) if memory else None
