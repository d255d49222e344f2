"""One rank in a process of its own, without Horovod.

Not inside the caller, which is often a Spark driver: TensorFlow's memory, threads and determinism are settings
of a whole process, and end with it.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress

from interest_spark.models.launch.launch import child_environment
from interest_spark.models.training.plan import TrainPlan

_STANDARD_ERROR = 2


def run_locally(plan: TrainPlan) -> None:
    """Run the plan's only rank to its end; the rank leaves its result or its failure in `plan.work`."""
    plan_file = plan.work / "plan.json"
    plan_file.write_text(plan.model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-m", "interest_spark.models.launch.rank_main", str(plan_file)]
    child = subprocess.Popen(
        command, env=child_environment(plan), stdin=subprocess.DEVNULL, stdout=_STANDARD_ERROR, start_new_session=True
    )
    try:
        child.wait()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
