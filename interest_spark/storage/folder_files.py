"""What lies in folders of the warehouse, on this machine or in a store, and its small files."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from interest_spark.foundation.locations import Location, Url
from interest_spark.storage.file_stores import store_of


@dataclass(frozen=True, order=True)
class FileBelow:
    """A file by its path below a folder; `written` is when it was last changed, in seconds since 1970."""

    path: str
    size: int
    written: float


def files_below(folder: Location) -> list[FileBelow]:
    """All files below a folder, at any depth, sorted; none where there is no such folder."""
    if isinstance(folder, Url):
        store, path = store_of(str(folder))
        begin = len(path) + 1
        return sorted(FileBelow(each.path[begin:], each.size, each.written) for each in store.list_files(path))
    return sorted(_walk(folder))


def _walk(folder: Path) -> Iterator[FileBelow]:
    begin = len(str(folder)) + 1
    for above, _, names in os.walk(folder):
        for name in names:
            found = os.stat(f"{above}/{name}")  # noqa: PTH116  # of thousands of files
            yield FileBelow(f"{above}/{name}"[begin:], found.st_size, found.st_mtime)


def write_file(place: Location, content: bytes) -> None:
    """Write a small file that is not there yet; its folder is made."""
    if isinstance(place, Url):
        store, path = store_of(str(place))
        store.write(path, content)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def replace_file(place: Location, content: bytes) -> None:
    """Write a small file; a reader sees what it held before or what it holds now, and in HDFS for a moment nothing."""
    if isinstance(place, Url):
        write_file(place, content)
        return
    draft = place.with_name(f".{place.name}.draft")
    write_file(draft, content)
    draft.replace(place)


def delete_file(place: Location) -> None:
    """Delete a file, if it is there."""
    if isinstance(place, Url):
        store, path = store_of(str(place))
        store.delete(path)
    else:
        Path(place).unlink(missing_ok=True)
