"""Checkpoints of a table's log, and the end of what they make unnecessary: the 3,000th commit costs what the 30th did.

Delta's own clean-up goes by age alone, so that a busy table's log grows for a month. Here a checkpoint is written
every so many commits, and of the commits before a checkpoint only some are kept.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deltalake import DeltaTable

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.log import get_logger
from interest_spark.storage.damage import naming
from interest_spark.storage.folders import opened
from interest_spark.storage.layout import LOG

COMMITS_A_CHECKPOINT = 10
VERSIONS_KEPT = 60
"""Versions that can still be opened, and whose commits a slow run is checked against."""

_LOG_FILE = re.compile(r"(\d{20})\.(json|checkpoint\.parquet)")
_READ = re.compile(r"\d{20}\..*(json|parquet)|_last_checkpoint")  # also what other programs write
_MOST_BYTES = 1 << 28  # 300 bytes for each file of a commit or a checkpoint, so those of a million files
_READER_VERSION = 1
_REMEDY = "restore the log from a copy of the warehouse"


def tidy_log(folder: Path, version: int) -> None:
    """After the commit of `version`. A failure costs nothing but speed, so it is logged and the commit stands."""
    if version % COMMITS_A_CHECKPOINT:
        return
    try:
        DeltaTable(str(folder)).create_checkpoint()
        _forget_before(folder / LOG, version - VERSIONS_KEPT)
    except Exception as error:  # the commit is done; whatever this was, the next checkpoint tries again
        get_logger().warning("the log was not tidied", table=folder.name, reason=str(error))


@contextmanager
def reading_log(folder: Path) -> Iterator[None]:
    """What deltalake says of a damaged log ends in BadDataError; what is temporary in BusyError."""
    with naming(f"table {folder.name}: its log {folder / LOG}", _REMEDY, ValueError, KeyError, TypeError):
        yield


def check_log(folder: Path) -> None:
    """Raise BadDataError unless the files of the table's log are such as deltalake reads in full and at once.

    It would pass over an empty commit or a folder in place of one, as if that had never been, wait for the writer of a
    pipe, and take a file of any size into memory.
    """
    log = folder / LOG
    with reading_log(folder):
        try:
            with opened(log) as descriptor:
                entries = [(entry.name, entry.stat(follow_symlinks=False)) for entry in os.scandir(descriptor)]
        except FileNotFoundError:
            return  # no table yet
    for name, found in entries:
        if _READ.fullmatch(name):
            fault = _fault_of(found)
            if fault:
                raise BadDataError(f"table {folder.name}: {log / name} {fault}; {_REMEDY}")


def check_protocol(folder: Path, delta: DeltaTable) -> None:
    """Raise BadDataError where another program has upgraded the table: what it deleted would be read all the same."""
    found = delta.protocol().min_reader_version
    if found > _READER_VERSION:
        raise BadDataError(
            f"table {folder.name}: its log asks for readers of Delta version {found}, and this release reads version "
            f"{_READER_VERSION}: another program has changed it; {_REMEDY}"
        )


def _fault_of(found: os.stat_result) -> str | None:
    if not stat.S_ISREG(found.st_mode):
        return "is a link" if stat.S_ISLNK(found.st_mode) else "is no regular file"
    if found.st_size > _MOST_BYTES:
        return f"has {found.st_size:,} bytes, more than any log"
    return None if found.st_size else "is empty"


def _forget_before(log: Path, version: int) -> None:
    """Delete what is older than the newest checkpoint up to `version`: from there every later version can be read."""
    with opened(log) as folder:
        found = [
            (int(match[1]), match[2], entry.name)
            for entry in os.scandir(folder)
            if (match := _LOG_FILE.fullmatch(entry.name)) and entry.is_file(follow_symlinks=False)
        ]
        checkpoints = [number for number, kind, _ in found if kind != "json" and number <= version]
        oldest_kept = max(checkpoints, default=0)
        for number, _, name in found:
            if number < oldest_kept:
                os.unlink(name, dir_fd=folder)
