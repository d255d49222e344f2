"""Checkpoints of a table's log, and the end of what they make unnecessary: the 3,000th commit costs what the 30th did.

Delta's own clean-up goes by age alone, so that a busy table's log grows for a month. Here a checkpoint is written
every so many commits, and of the commits before a checkpoint only some are kept.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deltalake import DeltaTable

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location, Url
from interest_spark.foundation.log import get_logger
from interest_spark.storage.damage import naming
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.folders import opened
from interest_spark.storage.layout import LOG
from interest_spark.storage.stores.s3 import LIMITS, has_plain_endpoint

COMMITS_A_CHECKPOINT = 10
VERSIONS_KEPT = 60
"""Versions that can still be opened, and whose commits a slow run is checked against."""

_LOG_FILE = re.compile(r"(\d{20})\.(json|checkpoint\.parquet)")
_READ = re.compile(r"\d{20}\..*(json|parquet)|_last_checkpoint")  # also what other programs write
_MOST_BYTES = 1 << 28  # 300 bytes for each file of a commit or a checkpoint, so those of a million files
_READER_VERSION = 1
_REMEDY = "restore the log from a copy of the warehouse"


def log_options(folder: Location) -> dict[str, str] | None:
    """What deltalake is to know of a log beside where it lies; keys it takes from the environment or the platform.

    In S3 a version is a file that is written on the condition that it is not there, so that of two writers one fails.
    """
    if isinstance(folder, Url) and folder.text.startswith("s3://"):
        return {"aws_conditional_put": "etag", "allow_http": str(has_plain_endpoint()).lower(), **LIMITS}
    return None


def tidy_log(folder: Location, version: int) -> None:
    """After the commit of `version`. A failure costs nothing but speed, so it is logged and the commit stands."""
    if version % COMMITS_A_CHECKPOINT:
        return
    try:
        DeltaTable(str(folder), storage_options=log_options(folder)).create_checkpoint()
        _forget_before(folder / LOG, version - VERSIONS_KEPT)
    except Exception as error:  # the commit is done; whatever this was, the next checkpoint tries again
        get_logger().warning("the log was not tidied", table=folder.name, reason=str(error))


@contextmanager
def reading_log(folder: Location) -> Iterator[None]:
    """What deltalake says of a damaged log ends in BadDataError; what is temporary in BusyError."""
    with naming(f"table {folder.name}: its log {folder / LOG}", _REMEDY, ValueError, KeyError, TypeError):
        yield


def check_log(folder: Location) -> None:
    """Raise BadDataError unless the files of the table's log are such as deltalake reads in full and at once.

    It would pass over an empty commit or a folder in place of one, as if that had never been, wait for the writer of a
    pipe, and take a file of any size into memory.
    """
    log = folder / LOG
    with reading_log(folder):
        faults = _faults_in_store(log) if isinstance(log, Url) else _faults_in_folder(log)
    for name, fault in faults.items():
        if fault and _READ.fullmatch(name):
            raise BadDataError(f"table {folder.name}: {log / name} {fault}; {_REMEDY}")


def _faults_in_folder(log: Path) -> dict[str, str | None]:
    """By the name of each entry what keeps it from being read, if anything; none where there is no log."""
    try:
        with opened(log) as descriptor:
            return {entry.name: _fault_of(entry.stat(follow_symlinks=False)) for entry in os.scandir(descriptor)}
    except FileNotFoundError:
        return {}


def _faults_in_store(log: Url) -> dict[str, str | None]:
    store, path = store_of(str(log))
    return {each.path.rpartition("/")[2]: _fault_of_size(each.size) for each in store.list_folder(path)[0]}


def check_protocol(folder: Location, delta: DeltaTable) -> None:
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
    return _fault_of_size(found.st_size)


def _fault_of_size(size: int) -> str | None:
    if size > _MOST_BYTES:
        return f"has {size:,} bytes, more than any log"
    return None if size else "is empty"


def _forget_before(log: Location, version: int) -> None:
    """Delete what is older than the newest checkpoint up to `version`: from there every later version can be read."""
    if isinstance(log, Url):
        store, path = store_of(str(log))
        names = {each.path.rpartition("/")[2]: each.path for each in store.list_folder(path)[0]}
        for name in _older_than_needed(names, version):
            store.delete(names[name])
        return
    with opened(log) as folder:
        files = [entry.name for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
        for name in _older_than_needed(files, version):
            os.unlink(name, dir_fd=folder)


def _older_than_needed(names: Iterable[str], version: int) -> list[str]:
    found = [(int(match[1]), match[2], name) for name in names if (match := _LOG_FILE.fullmatch(name))]
    checkpoints = [number for number, kind, _ in found if kind != "json" and number <= version]
    oldest_kept = max(checkpoints, default=0)
    return [name for number, _, name in found if number < oldest_kept]
