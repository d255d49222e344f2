"""Progress of Spark's own work as log lines, where no terminal shows its bar."""

import sys
import threading
import time
from typing import TYPE_CHECKING

from interest_spark.foundation.log import get_logger

if TYPE_CHECKING:
    from pyspark import SparkContext

_EVERY_SECONDS = 10.0
_THREAD = "stage-progress"


def show_stages(context: "SparkContext") -> None:
    """Log every ten seconds how many tasks of each running stage are done, until the application ends."""
    if sys.stderr.isatty() or any(thread.name == _THREAD for thread in threading.enumerate()):
        return
    threading.Thread(target=_watch, args=(context,), name=_THREAD, daemon=True).start()


def _watch(context: "SparkContext") -> None:
    while True:
        time.sleep(_EVERY_SECONDS)
        try:
            _log_stages(context)
        except Exception:  # the application has ended, and with it every way to ask it
            return


def _log_stages(context: "SparkContext") -> None:
    tracker = context.statusTracker()
    for stage in tracker.getActiveStageIds():
        info = tracker.getStageInfo(stage)
        if info is not None:
            get_logger().info(
                "progress", task=f"spark stage {stage}", unit="tasks", done=info.numCompletedTasks, total=info.numTasks
            )
