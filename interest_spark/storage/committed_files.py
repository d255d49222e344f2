"""Whether the files that a log names are the table's own and lie on the disk as they were committed.

A log that somebody has changed may name any file that the job's user can read, and a file may have been cut, replaced
or exchanged for a link. Both are looked for before a reader, or a worker, gets a path.
"""

import os
import stat
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location, Url
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.damage import reading, remedy_for
from interest_spark.storage.file_stores import local_copy
from interest_spark.storage.folder_files import FileBelow, files_below
from interest_spark.storage.layout import COMMITTED_PATH, place_of
from interest_spark.storage.table_schemas import conform, other_columns

_MOST_LISTINGS = 8
_DAY_IN_PATH = r"/dt=(?P<day>[^/]+)/"


def check_paths(folder: Location, paths: pa.ChunkedArray, days: pa.ChunkedArray) -> None:
    """Raise BadDataError, naming the first, unless all are paths below the table's folder, of the days they say.

    Looks at the texts alone, so that a table of many thousands of files costs milliseconds.
    """
    strange = pc.invert(pc.fill_null(pc.match_substring_regex(paths, COMMITTED_PATH), False))
    if pc.any(strange).as_py():
        raise _tampered(folder, f"names {paths.filter(strange)[0].as_py()!r}, which is no path of a data file")
    in_path = pc.struct_field(pc.extract_regex(paths, _DAY_IN_PATH), "day")
    other = pc.fill_null(pc.not_equal(in_path, days), True)
    if pc.any(other).as_py():
        path, day = paths.filter(other)[0].as_py(), days.filter(other)[0].as_py()
        raise _tampered(folder, f"gives {path!r} to the day {day!r}")
    for day in pc.unique(in_path).to_pylist():
        if not _is_day(day):
            raise _tampered(folder, f"names files of {day!r}, which is no day")
    if len(pc.unique(paths)) < len(paths):
        raise _tampered(folder, "names a file twice")


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def check_there(folder: Location, sizes: Mapping[str, int]) -> None:
    """Raise BadDataError unless each path, below the table's folder, is a file of that many bytes reached by no link.

    What is temporary, such as a store that is away, ends in BusyError.
    """
    if isinstance(folder, Url):
        _check_stored(folder, sizes)
    else:
        _check_on_disk(folder, sizes)


def _check_stored(folder: Url, sizes: Mapping[str, int]) -> None:
    """A listing tells of a thousand files: those of each day and run, or of the whole table where these are many."""
    folders = {path.rpartition("/")[0] for path in sizes}
    if len(folders) > _MOST_LISTINGS:
        folders = {""}
    found = {f"{above}/{each.path}".lstrip("/"): each.size for above in folders for each in _listed(folder, above)}
    for path, size in sizes.items():
        if path not in found:
            raise _damaged(f"{folder}/{path}", "is missing")
        if found[path] != size:
            raise _damaged(f"{folder}/{path}", f"has {found[path]:,} bytes and was committed with {size:,}")


def _listed(folder: Url, above: str) -> list[FileBelow]:
    return files_below(folder / above if above else folder)


def _check_on_disk(folder: Path, sizes: Mapping[str, int]) -> None:
    known: set[str] = set()
    for path, size in sizes.items():
        above = path.rpartition("/")[0]
        while above and above not in known:
            known.add(above)
            if stat.S_ISLNK(_lstat(f"{folder}/{above}", f"{folder}/{path}").st_mode):
                raise _damaged(f"{folder}/{path}", f"is reached by the link {folder}/{above}")
            above = above.rpartition("/")[0]
        found = _lstat(f"{folder}/{path}", f"{folder}/{path}")
        if not stat.S_ISREG(found.st_mode):
            raise _damaged(f"{folder}/{path}", "is a link" if stat.S_ISLNK(found.st_mode) else "is no regular file")
        if found.st_size != size:
            raise _damaged(f"{folder}/{path}", f"has {found.st_size:,} bytes and was committed with {size:,}")


def read_committed(path: str, schema: pa.Schema, rows: int | None = None) -> pa.Table:
    """The rows of a data file with exactly the columns of `schema`.

    Raises BadDataError if it is damaged, or has other than so many `rows`.
    """
    with reading(path), local_copy(path) as copy, pq.ParquetFile(copy) as file:
        check_columns(path, file.schema_arrow)
        if rows not in (None, file.metadata.num_rows):
            raise _damaged(path, f"has {file.metadata.num_rows:,} rows and was committed with {rows:,}")
        return conform(file.read([name for name in schema.names if name in file.schema_arrow.names]), schema)


def check_columns(path: str, found: pa.Schema) -> None:
    """Raise BadDataError unless a data file's columns are its table's; those that came later may be missing."""
    table, _ = place_of(path)
    if table in TABLES and (others := other_columns(table, found)):
        raise BadDataError(f"data file {path} is none of table {table}: it has {others}; {remedy_for(path)}")


def _lstat(path: str, file: str) -> os.stat_result:
    try:
        return os.lstat(path)
    except OSError:  # the context costs more than the call
        with reading(file):
            return os.lstat(path)


def _damaged(file: str, fault: str) -> BadDataError:
    return BadDataError(f"data file {file} {fault}; {remedy_for(file)}")


def _tampered(folder: Location, fault: str) -> BadDataError:
    return BadDataError(f"table {folder.name}: its log {fault}; restore {folder}/_delta_log from a copy")
