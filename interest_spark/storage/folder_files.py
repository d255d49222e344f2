"""What lies in folders of the warehouse, on this machine or in a store, and its small files."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from interest_spark.foundation.locations import Location, Url
from interest_spark.storage.file_stores import store_of

_BLOCK = 8 << 20


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


def folders_in(folder: Location) -> list[str]:
    """The names of the folders in a folder, sorted; none where there is no such folder."""
    if isinstance(folder, Url):
        store, path = store_of(str(folder))
        return sorted(store.list_folder(path)[1])
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


@contextmanager
def local_folder(folder: Location) -> Iterator[Path]:
    """The folder on this machine, or, while the context lasts, a private copy of all that a stored one holds."""
    if not isinstance(folder, Url):
        yield folder
        return
    store, path = store_of(str(folder))
    with tempfile.TemporaryDirectory(prefix="interest-copy-") as name:
        for each in store.list_files(path):
            copy = Path(name) / each.path[len(path) + 1 :]
            copy.parent.mkdir(parents=True, exist_ok=True)
            with copy.open("wb") as file, store.open(each.path, each.size) as stored:
                shutil.copyfileobj(stored, file, _BLOCK)
        yield Path(name)


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


def delete_folder(folder: Location) -> None:
    """Delete a folder with all that is in it, if it is there."""
    if isinstance(folder, Url):
        for each in files_below(folder):
            delete_file(folder / each.path)
    else:
        shutil.rmtree(folder, ignore_errors=True)
