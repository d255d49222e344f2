"""Checkpoints of a table's log, and the end of what they make unnecessary: the 3,000th commit costs what the 30th did.

Delta's own clean-up goes by age alone, so that a busy table's log grows for a month. Here a checkpoint is written
every so many commits, and of the commits before a checkpoint only some are kept.
"""

import re
from pathlib import Path

from deltalake import DeltaTable

from interest_spark.foundation.log import get_logger
from interest_spark.storage.layout import LOG

COMMITS_A_CHECKPOINT = 10
VERSIONS_KEPT = 60
"""Versions that can still be opened, and whose commits a slow run is checked against."""

_LOG_FILE = re.compile(r"(\d{20})\.(json|checkpoint\.parquet)")


def tidy_log(folder: Path, version: int) -> None:
    """After the commit of `version`. A failure costs nothing but speed, so it is logged and the commit stands."""
    if version % COMMITS_A_CHECKPOINT:
        return
    try:
        DeltaTable(str(folder)).create_checkpoint()
        _forget_before(folder / LOG, version - VERSIONS_KEPT)
    except Exception as error:  # the commit is done; whatever this was, the next checkpoint tries again
        get_logger().warning("the log was not tidied", table=folder.name, reason=str(error))


def _forget_before(log: Path, version: int) -> None:
    """Delete what is older than the newest checkpoint up to `version`: from there every later version can be read."""
    found = [(int(match[1]), match[2], path) for path in log.iterdir() if (match := _LOG_FILE.fullmatch(path.name))]
    checkpoints = [number for number, kind, _ in found if kind != "json" and number <= version]
    if checkpoints:
        oldest_kept = max(checkpoints)
        for number, _, path in found:
            if number < oldest_kept:
                path.unlink(missing_ok=True)
