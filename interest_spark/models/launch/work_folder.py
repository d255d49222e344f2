"""What the launcher and the ranks of a run tell each other: small files in a folder that all of them reach."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from interest_spark.foundation.locations import Location, Url
from interest_spark.storage.damage import read_bytes
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.folder_files import write_file

_MOST_BYTES = 1 << 30
_LOOK_SECONDS, _LOOK_SECONDS_STORED = 1.0, 10.0


def seconds_between_looks(work: Location) -> float:
    """How often to look for another's file, or to write one's own: in a store each look is a request."""
    return _LOOK_SECONDS_STORED if isinstance(work, Url) else _LOOK_SECONDS


def is_there(file: Location) -> bool:
    """Whether somebody has written the file; in HDFS an empty one may still be written."""
    if isinstance(file, Path):
        return file.exists()
    store, path = store_of(str(file))
    return any(each.path == path for each in store.list_files(path.rpartition("/")[0], file.name))


def names_in(work: Location) -> list[str]:
    """The files in the folder itself, sorted; none where there is no such folder."""
    if isinstance(work, Path):
        return sorted(path.name for path in work.iterdir()) if work.is_dir() else []
    store, path = store_of(str(work))
    return sorted(each.path.rpartition("/")[2] for each in store.list_folder(path)[0])


def touch(file: Location) -> None:
    """Make an empty file, or one that is there younger."""
    if isinstance(file, Path):
        file.touch()
    else:
        write_file(file, b"")


def times_in(work: Location, names: Sequence[str]) -> dict[str, float]:
    """When each of these files, of those that are there, was last written, by the folder's own clock."""
    if isinstance(work, Url):
        store, path = store_of(str(work))
        found = {each.path.rpartition("/")[2]: each.written for each in store.list_folder(path)[0]}
        return {name: found[name] for name in names if name in found}
    times = {}
    for name in names:
        with suppress(FileNotFoundError):
            times[name] = (work / name).stat().st_mtime
    return times


def read_text(file: Location) -> str:
    """What a file of the folder says. Raises FileNotFoundError."""
    return read_bytes(file, _MOST_BYTES).decode()
