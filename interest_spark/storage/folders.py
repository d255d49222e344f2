"""Looking into folders and deleting in them without ever being led elsewhere by a link.

All is done by descriptors of folders that were opened themselves, so that it does not help to exchange a folder for a
link between the look and the deletion. What is deleted is what was seen: another file under the same name stays.
"""

import errno
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Found:
    """What lies below a folder, by path below it: regular files, folders ("" is the folder itself), and all else.

    `strange`: links, pipes, devices, and folders that are mounted here from elsewhere; they are not looked into.
    """

    files: dict[str, os.stat_result] = field(default_factory=dict)
    folders: dict[str, os.stat_result] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """The folder's descriptor; OSError where the path ends in a link or in no folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def scan(within: int, name: str) -> Found:
    """All that lies below the folder `name` of the folder with that descriptor."""
    found = Found()
    for above, folders, names, descriptor in os.fwalk(name, dir_fd=within, follow_symlinks=False):
        path = above[len(name) + 1 :]
        found.folders[path] = os.fstat(descriptor)
        for each in (*folders, *names):
            below = _below(path, each)
            status = _status(each, descriptor)
            if status is None:
                continue
            if stat.S_ISREG(status.st_mode):
                found.files[below] = status
            elif not stat.S_ISDIR(status.st_mode):
                found.strange.append(below)
            elif status.st_dev != found.folders[""].st_dev:
                found.strange.append(below)
                folders.remove(each)
    return found


def delete(within: int, name: str, files: Mapping[str, os.stat_result], folders: Collection[str]) -> list[str]:
    """Delete these files below the folder `name`, and of these folders those that are empty then.

    `files` are as `scan` found them: what has been exchanged since stays. Returns the paths that were deleted.
    """
    gone = []
    for above, inner, names, descriptor in os.fwalk(name, topdown=False, dir_fd=within, follow_symlinks=False):
        path = above[len(name) + 1 :]
        for each in names:
            below = _below(path, each)
            if below in files and _is_same(files[below], _status(each, descriptor)):
                os.unlink(each, dir_fd=descriptor)
                gone.append(below)
        for each in inner:
            if _below(path, each) in folders:
                _remove_if_empty(each, descriptor)
    if "" in folders:
        _remove_if_empty(name, within)
    return gone


def _below(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _status(name: str, within: int) -> os.stat_result | None:
    """Of a link itself; None if it is gone: a run at work moves its files."""
    try:
        return os.stat(name, dir_fd=within, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _is_same(seen: os.stat_result, now: os.stat_result | None) -> bool:
    return now is not None and (seen.st_dev, seen.st_ino, seen.st_mtime_ns) == (now.st_dev, now.st_ino, now.st_mtime_ns)


def _remove_if_empty(name: str, within: int) -> None:
    try:
        os.rmdir(name, dir_fd=within)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.ENOENT):
            raise
