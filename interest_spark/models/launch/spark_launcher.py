"""Ranks as Spark tasks: the only file of this package that knows of Spark.

Horovod has a launcher for Spark, too. Its driver and its tasks listen on every interface and unpickle what they are
sent, which the rendezvous of `interest_spark.models.launch.rendezvous` makes needless.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from interest_spark.foundation.errors import BusyError, ConfigError
from interest_spark.foundation.log import get_logger
from interest_spark.models.launch.failures import find_failure
from interest_spark.models.launch.launch import rank_environment
from interest_spark.models.launch.places import LOOPBACK, gloo_environment, places
from interest_spark.models.launch.rank_main import ASSIGNED_GPUS
from interest_spark.models.launch.rank_process import await_ranks, rank_processes
from interest_spark.models.launch.rendezvous import Meeting, rendezvous
from interest_spark.models.training.plan import TrainPlan
from interest_spark.platform.masters import is_on_this_machine

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

_NO_COPIES = {"spark.speculation.quantile": "1", "spark.speculation.task.duration.threshold": None}


def run_on_spark(plan: TrainPlan, spark: "SparkSession") -> None:
    """Run all ranks of the plan, one a Spark task, at the same time.

    Raises ConfigError or BusyError when the master has fewer task slots than ranks, BusyError when the ranks
    cannot reach each other in `train.start_seconds`. A rank's own failure is left in `plan.work`.
    """
    context = spark.sparkContext
    _await_slots(context, plan)
    bind, address = _driver_addresses(context)
    with rendezvous(bind, plan.train.ranks, address) as meeting, _no_copies_of_slow_tasks(context):
        try:
            numbers = context.parallelize(range(plan.train.ranks), plan.train.ranks)
            numbers.mapPartitionsWithIndex(_rank_task(plan, meeting)).collect()
        except Exception as error:
            if find_failure(plan.work) is None:
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
                raise BusyError(f"the ranks did not run to their end on Spark: {reason}; run the job again") from error


def _rank_task(plan: TrainPlan, meeting: Meeting) -> Callable[[int, Any], Iterator[int]]:
    """What each Spark task does: start one rank in a process of its own, and wait for it."""

    def run(index: int, _: Any) -> Iterator[int]:
        from pyspark import TaskContext

        task = TaskContext.get()
        assert task is not None
        if task.attemptNumber():  # Spark tries a failed task again, but the other ranks are gone
            raise BusyError("a rank cannot be started a second time")
        hosts = meeting.exchange_hosts(index, plan.train.ranks, socket.gethostname(), plan.train.start_seconds)
        gpu = task.resources().get("gpu")
        environment = {
            **rank_environment(plan),
            **gloo_environment(meeting.address, os.environ.get("HOROVOD_GLOO_IFACE")),
            **meeting.environment,
            **places(hosts)[index],
            ASSIGNED_GPUS: ",".join(gpu.addresses if gpu else ()),
        }
        with rank_processes(plan.file, [environment]) as processes:
            (code,) = await_ranks(processes)
        if code:
            raise BusyError(f"rank {environment['HOROVOD_RANK']} ended with code {code}")
        yield code

    return run


@contextmanager
def _no_copies_of_slow_tasks(context: "SparkContext") -> Iterator[None]:
    """With `spark.speculation` a slow rank would get a copy, which cannot meet the others and fails the stage.

    Spark has no such setting of one stage, but looks these up whenever a stage starts: copies would be made once all
    tasks have ended, and of no task because it takes long.
    """
    settings = context._jsc.sc().conf()  # the application's own; PySpark hands out copies
    before = {name: context.getConf().get(name) for name in _NO_COPIES}
    _set_all(settings, _NO_COPIES)
    try:
        yield
    finally:
        _set_all(settings, before)


def _set_all(settings: Any, values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            settings.remove(name)
        else:
            settings.set(name, value)


def _driver_addresses(context: "SparkContext") -> tuple[str, str]:
    """Where the driver listens for its executors, and the address by which they reach it."""
    if is_on_this_machine(_master(context)):
        return LOOPBACK, LOOPBACK
    settings = context.getConf()
    address = settings.get("spark.driver.host") or LOOPBACK
    bind = settings.get("spark.driver.bindAddress") or address
    get_logger().info("ranks meet on the driver", address=address, bind=bind)
    return bind, address


def _await_slots(context: "SparkContext", plan: TrainPlan) -> None:
    """Wait for executors to register; all ranks must run at once, and Spark itself would wait for ever.

    With dynamic allocation they come when there are tasks for them; there the ranks wait for each other.
    """
    if context.getConf().get("spark.dynamicAllocation.enabled") == "true" and not _master(context).startswith("local"):
        return
    ranks, deadline, logged = plan.train.ranks, time.monotonic() + plan.train.start_seconds, -1
    while (slots := _task_slots(context)) < ranks:
        text = f"train.ranks is {ranks}, but {_master(context)} runs {slots} tasks at once"
        if _master(context).startswith("local"):
            raise ConfigError(f"{text}; set spark.master to local[{ranks}], or train.ranks to {max(slots, 1)}")
        if time.monotonic() > deadline:
            raise BusyError(f"{text}; run the job again when cores are free, or with --set train.ranks={max(slots, 1)}")
        if slots != logged:
            get_logger().info("waiting for executors", slots=slots, ranks=ranks, seconds=plan.train.start_seconds)
            logged = slots
        time.sleep(1)


def _task_slots(context: "SparkContext") -> int:
    scala = context._jsc.sc()  # PySpark has no call for it
    return int(scala.maxNumConcurrentTasks(scala.resourceProfileManager().defaultResourceProfile()))


def _master(context: "SparkContext") -> str:
    return str(context.master)
