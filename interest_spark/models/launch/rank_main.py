"""A rank's process: `python -m interest_spark.models.launch.rank_main plan.json`, with or without Horovod around it."""

import os
import sys
import traceback

from interest_spark.foundation.errors import BusyError, InterestError
from interest_spark.foundation.locations import location
from interest_spark.foundation.log import configure_logging, get_logger
from interest_spark.foundation.temporary import temporary_failure
from interest_spark.models.launch.failures import note_failure
from interest_spark.models.launch.rendezvous import Meeting
from interest_spark.models.launch.stop import StopRequest
from interest_spark.models.launch.watchdog import Watchdog
from interest_spark.models.launch.work_folder import read_text
from interest_spark.models.training.plan import TrainPlan
from interest_spark.models.without_keras import import_tensorflow
from interest_spark.storage.folder_files import replace_file

LAUNCHER_PID = "INTEREST_SPARK_LAUNCHER_PID"
ASSIGNED_GPUS = "INTEREST_SPARK_ASSIGNED_GPUS"
"""The numbers of the GPUs that Spark gave to the rank's task, with commas between them."""


def run_rank(plan: TrainPlan) -> None:
    """Train as the rank that the environment names; rank 0 leaves the result, a failing rank its reason."""
    configure_logging()
    rank = int(os.environ.get("HOROVOD_RANK", "0"))
    launcher = os.environ.get(LAUNCHER_PID)
    limits = plan.train.start_seconds, plan.train.stall_seconds
    with Watchdog(
        plan.work, rank, plan.train.ranks, *limits, launcher_pid=int(launcher) if launcher else None
    ) as watchdog:
        try:
            _train(plan, watchdog)
        except InterestError as error:
            note_failure(plan.work, rank, error)
            raise
        except Exception as error:
            note_failure(plan.work, rank, _explain(plan, rank, error))
            raise


def main(arguments: list[str]) -> int:
    """Returns the exit code of the failure's kind."""
    plan = TrainPlan.model_validate_json(read_text(location(arguments[0])))
    try:
        run_rank(plan)
    except InterestError as error:
        get_logger().error("rank failed", reason=str(error))
        return error.exit_code
    return 0


def _train(plan: TrainPlan, watchdog: Watchdog) -> None:
    import_tensorflow()
    from interest_spark.models.parallel.collectives import join_ranks
    from interest_spark.models.runtime import use_cpu, use_gpu, use_threads
    from interest_spark.models.training.train import train

    use_threads(plan.train.threads)
    ranks = join_ranks(plan.train.ranks)
    if meeting := Meeting.of_this_rank():
        meeting.leave(ranks.rank)
    if plan.train.device == "gpu":
        use_gpu(ranks.local_rank, [gpu for gpu in os.environ.get(ASSIGNED_GPUS, "").split(",") if gpu])
    else:
        use_cpu()
    result = train(plan, ranks, watchdog.step_finished, StopRequest(plan.work))
    if result is not None:
        replace_file(plan.result, result.model_dump_json().encode())


def _explain(plan: TrainPlan, rank: int, error: Exception) -> Exception:
    if temporary := temporary_failure(error):
        return temporary
    if plan.train.ranks > 1 and "horovod" in str(error).lower():
        return BusyError(
            f"rank {rank} lost its connection to the other ranks: one of them died, perhaps for lack of memory; "
            "nothing was published, see the log above and run the job again"
        )
    return RuntimeError("".join(traceback.format_exception(error)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
