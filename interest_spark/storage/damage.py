"""What libraries say of a damaged file becomes one error that names it; what is temporary stays temporary."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location, Url
from interest_spark.foundation.temporary import explain_system
from interest_spark.schemas.tables import MADE_BY, PERMANENT
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.layout import place_of

_READERS = {"pyarrow", "polars", "deltalake", "_internal"}  # deltalake's errors name the latter as their module
_PANIC = "PanicException"  # of Rust libraries, which each have a class of their own of it, and no Exception
_OF_THE_FILE = {
    None,  # what pyarrow says of content
    *(errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR),
    *(errno.ELOOP, errno.EINVAL, errno.ENXIO, errno.ENAMETOOLONG),
}
_LONGEST_REASON = 200


@contextmanager
def naming(what: str, remedy: str, *further: type[Exception]) -> Iterator[None]:
    """Raise BadDataError, with what is damaged and the remedy, for what a reader says of a file that it cannot read.

    `further` are exceptions that mean damage here, too. A temporary failure of the system or of a store ends in
    BusyError, also where a library has wrapped it. Everything else passes.
    """
    try:
        yield
    except BaseException as error:
        if not (isinstance(error, further) or _is_of_a_reader(error)):
            raise
        number = error.errno if isinstance(error, OSError) else None
        if busy := explain_system(number, str(error)):
            raise busy from None
        raise BadDataError(f"{what} cannot be read: {_reason(error)}; {remedy}") from None


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """`naming` for whatever reads a committed data file. Names of columns that are no UTF-8 are damage, too."""
    with naming(f"data file {path}", remedy_for(path), UnicodeDecodeError):
        yield


def remedy_for(path: str | Path) -> str:
    """What to do where a data file is lost or damaged."""
    table, day = place_of(str(path))
    if day is None or table not in MADE_BY:
        return "restore it from a copy"
    if table in PERMANENT:
        return f"restore it from a copy: what is in {table} is permanent"
    return f"restore it from a copy, or make its day anew: `interest {MADE_BY[table]} --day {day} --force`"


def read_bytes(path: Location, limit: int) -> bytes:
    """What a regular file holds; OSError for anything else, which could be endless or never answer.

    Raises ValueError if it is larger than `limit` bytes.
    """
    if isinstance(path, Url):
        store, stored = store_of(str(path))
        with store.open(stored) as found:
            return _up_to(limit, found.seek(0, os.SEEK_END), found)
    with open_regular(path) as file:
        return _up_to(limit, os.fstat(file.fileno()).st_size, file)


def _up_to(limit: int, size: int, file: IO[bytes]) -> bytes:
    if size > limit:
        raise ValueError(f"it has {size:,} bytes, more than {limit:,}")
    file.seek(0)
    return file.read(limit + 1)


@contextmanager
def open_regular(path: Path) -> Iterator[BufferedReader]:
    """A regular file, to read; OSError for anything else. Opening never waits, as it would for a pipe's writer."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        yield file


def _is_of_a_reader(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _OF_THE_FILE or explain_system(error.errno, str(error)) is not None
    if type(error).__name__ == _PANIC:
        return True
    return any(kind.__module__.partition(".")[0] in _READERS for kind in type(error).__mro__)


def _reason(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = " ".join(text.partition("\n")[0].split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"
