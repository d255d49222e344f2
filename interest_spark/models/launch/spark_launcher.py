"""Ranks as Spark tasks, through horovod.spark.run: the only file of this package that knows of Spark."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from interest_spark.foundation.errors import BusyError, ConfigError
from interest_spark.foundation.log import get_logger
from interest_spark.models.launch.horovodrun_launcher import loopback_interface
from interest_spark.models.launch.launch import package_root, rank_environment
from interest_spark.models.training.plan import TrainPlan

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession


def run_on_spark(plan: TrainPlan, spark: "SparkSession") -> None:
    """Run all ranks of the plan, one a Spark task, at the same time.

    Raises ConfigError or BusyError when the master has fewer task slots than ranks, BusyError when the ranks
    cannot reach each other in `train.start_seconds`. A rank's own failure is left in `plan.work`.
    """
    import horovod.spark

    context = spark.sparkContext
    _await_slots(context, plan)
    alone = _is_on_this_machine(_master(context))
    if not alone:
        get_logger().warning("horovod ports are open to the cluster's network; keep it isolated")
    with _restored_signals():
        try:
            horovod.spark.run(
                _make_rank_task(),
                args=(plan.model_dump_json(), str(package_root())),
                num_proc=plan.train.ranks,
                use_gloo=True,
                start_timeout=plan.train.start_seconds,
                env=rank_environment(plan),
                stdout=sys.stderr,
                stderr=sys.stderr,
                verbose=0,
                nics=[loopback_interface()] if alone else None,
                executable=context.pythonExec,
            )
        except Exception as error:
            if not list(plan.work.glob("failure-*.json")):
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
                raise BusyError(f"the ranks did not run to their end on Spark: {reason}; run the job again") from error


def _make_rank_task() -> Any:
    """The function that is shipped to the executors.

    It is made here so that it is pickled by value: an executor's rank is a fresh Python, which does not have the
    files of --py-files on its path until the task has put them there.
    """

    def rank_task(plan_json: str, root: str) -> None:
        import sys
        from pathlib import Path

        here = sorted(Path.cwd().iterdir())
        shipped = [str(path) for path in here if path.suffix in (".zip", ".egg", ".whl")]
        sys.path[:0] = [*shipped, root]
        from interest_spark.models.launch.rank_main import run_rank
        from interest_spark.models.training.plan import TrainPlan

        run_rank(TrainPlan.model_validate_json(plan_json))

    return rank_task


def _await_slots(context: "SparkContext", plan: TrainPlan) -> None:
    """Wait for executors to register; all ranks must run at once, and Spark itself would wait for ever."""
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


def _is_on_this_machine(master: str) -> bool:
    return master.startswith("local") or (urlsplit(master).hostname or "") in ("127.0.0.1", "localhost")


@contextmanager
def _restored_signals() -> Iterator[None]:
    """horovod.spark.run takes over SIGINT and SIGTERM and does not give them back."""
    held = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
