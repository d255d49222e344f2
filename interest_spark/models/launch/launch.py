"""Start the ranks of a plan where the configuration says, and return the result of rank 0."""

import importlib.util
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from interest_spark.foundation.errors import BusyError, ConfigError
from interest_spark.models.launch.failures import find_failure
from interest_spark.models.launch.follow import following
from interest_spark.models.launch.stop import forwarded_sigterm
from interest_spark.models.launch.work_folder import is_there, read_text
from interest_spark.models.training.plan import CURVE, RESULT, TrainPlan, TrainResult
from interest_spark.storage.folder_files import delete_folder, write_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def launch(plan: TrainPlan, spark: "SparkSession | None" = None) -> TrainResult:
    """Train with the plan's launcher; all launchers run the same loop and give the same curve.

    `auto` is horovodrun where `spark` runs on this machine alone, which starts and ends ranks 4 s sooner than Spark
    tasks do, and else Spark.
    One rank needs neither Horovod nor a cluster and always runs as a local process. Raises ConfigError without
    Horovod or room for the ranks, BusyError when a rank died or stalled, and what the ranks themselves raise.
    """
    if plan.train.ranks == 1:
        from interest_spark.models.launch.local_launcher import run_alone

        return _run_for_result(plan, run_alone)
    require_horovod(plan.train.ranks)
    if plan.train.launcher == "auto":
        alone = spark is None or str(spark.sparkContext.master).startswith("local")
        plan = _launched_by("horovodrun" if alone else "spark", plan)
    if plan.train.launcher == "horovodrun":
        from interest_spark.models.launch.local_launcher import run_together

        return _run_for_result(plan, run_together)
    if spark is None:
        raise ConfigError("train.launcher spark needs a Spark session; set it to horovodrun")
    from interest_spark.models.launch.spark_launcher import run_on_spark

    return _run_for_result(plan, lambda plan: run_on_spark(plan, spark))


def require_horovod(ranks: int) -> None:
    """Raise ConfigError where several ranks are wanted and Horovod is missing."""
    if importlib.util.find_spec("horovod") is None:
        raise ConfigError(
            f"train.ranks is {ranks}, but Horovod is not installed; install g++ and run `make install`, "
            "or train with one rank: --set train.ranks=1"
        )


def rank_environment(plan: TrainPlan) -> dict[str, str]:
    """What every rank needs to find in its environment."""
    # The watchdog names a silent rank after stall_seconds; Horovod must not give up, namelessly, before that.
    patience = max(plan.train.start_seconds, plan.train.stall_seconds) + 60
    # Horovod's ranks negotiate every cycle whether or not there is a gradient, and a gradient waits for the next cycle.
    # Two ranks' step of 158 ms of computing took 204 ms with a cycle of 1 ms, 180 with 5, 179 with 10, 192 with 20.
    # A GPU's steps are shorter and leave the processors free: Horovod's own 1 ms suits them.
    cycle_ms = "10" if plan.train.device == "cpu" else "1"
    return {
        "HOROVOD_GLOO_TIMEOUT_SECONDS": str(patience),
        "HOROVOD_STALL_CHECK_DISABLE": "1",
        "HOROVOD_CYCLE_TIME": os.environ.get("HOROVOD_CYCLE_TIME", cycle_ms),
    }


def _launched_by(launcher: str, plan: TrainPlan) -> TrainPlan:
    return plan.model_copy(update={"train": plan.train.model_copy(update={"launcher": launcher})})


def _run_for_result(plan: TrainPlan, run: Callable[[TrainPlan], None]) -> TrainResult:
    """Run, and remove the work folder; it stays only when something failed."""
    write_file(plan.file, plan.model_dump_json().encode())
    with following(plan.curve), forwarded_sigterm(plan.work):
        run(plan)
    failure = find_failure(plan.work)
    if failure is not None:
        raise failure
    if not is_there(plan.result):
        raise BusyError(
            "training ended without a result: a rank was killed, perhaps for lack of memory; nothing was published, "
            "see the log above and run the job again"
        )
    result = TrainResult.model_validate_json(read_text(plan.result))
    write_file(plan.bundle / CURVE, read_text(plan.curve).encode())
    write_file(plan.bundle / RESULT, result.model_dump_json().encode())
    delete_folder(plan.work)
    return result
