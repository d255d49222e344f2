"""Progress of Spark's own work as log lines, where no terminal shows its bar."""

import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from structlog.contextvars import get_contextvars

from interest_spark.foundation.log import get_logger

if TYPE_CHECKING:
    from pyspark import SparkContext

_EVERY_SECONDS = 10.0
_THREAD = "stage-progress"


def show_stages(context: "SparkContext") -> None:
    """Log every ten seconds how many tasks of each running stage are done, until the application ends."""
    if sys.stderr.isatty() or any(thread.name == _THREAD for thread in threading.enumerate()):
        return
    known = get_contextvars()
    # Of the whole run: the step that happens to start Spark is not that of later stages.
    log = get_logger().bind(**{name: known[name] for name in ("job", "run_id") if name in known})
    threading.Thread(target=_watch, args=(context, log), name=_THREAD, daemon=True).start()


def _watch(context: "SparkContext", log: Any) -> None:
    while True:
        time.sleep(_EVERY_SECONDS)
        try:
            _log_stages(context, log)
        except Exception:  # the application has ended, and with it every way to ask it
            return


def _log_stages(context: "SparkContext", log: Any) -> None:
    tracker = context.statusTracker()
    for stage in tracker.getActiveStageIds():
        info = tracker.getStageInfo(stage)
        if info is not None:
            log.info(
                "progress", task=f"spark stage {stage}", unit="tasks", done=info.numCompletedTasks, total=info.numTasks
            )
