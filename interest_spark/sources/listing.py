"""Listing raw files: what a glob names on this machine, links followed, in a store, or on another file system.

Every file that matches is listed or named in an error. Names of files, and of folders that no part of the glob spells
out, are left out if they begin with `.` or `_`, as those of markers and of what is being written do (`_SUCCESS`,
`_temporary`, `.hive-staging_hive_…`), unless the part that they match begins so too.
"""

import errno
import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.sources.raw_paths import Place, place_of
from interest_spark.storage.stores.store import FileStore

_CHANGE_MARKS = ("mtime", "ETag", "etag", "md5Hash", "LastModified", "last_modified", "modificationTime")
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, order=True)
class RawFile:
    """A file by its path, with the protocol if the glob has one; `modified` is a text that changes with its content."""

    path: str
    size: int
    modified: str


def list_files(pattern: str) -> list[RawFile]:
    """The files that a glob (`*`, `?`, `[…]`, and `**` for folders of any depth) names, in the order of their paths.

    Raises BadDataError naming what matches and is no file that can be read: a link that leads nowhere or back to
    itself, a pipe; ConfigError where the file system cannot be reached; BusyError for a store that is away.
    """
    try:
        place = place_of(pattern)
        return sorted({RawFile(place.prefix + each.path, each.size, each.modified) for each in _files(place)})
    except (ImportError, ValueError, OSError) as error:
        raise ConfigError(f"raw files {pattern!r} cannot be listed: {error}; correct the source's path") from None


def list_file(path: str) -> RawFile | None:
    """A file of this machine as it is now, by the path that it was listed under; None where there is none."""
    place = place_of(path)
    found = _status(Path(place.path))
    return RawFile(path, found.st_size, str(found.st_mtime_ns)) if found else None


def _files(place: Place) -> Iterator[RawFile]:
    if place.store is not None:
        return _stored_files(place.store, "", place.path.split("/"))
    if place.filesystem is not None:
        return _remote_files(place.filesystem, place.path)
    return _local_files(place.path)


def _local_files(pattern: str) -> Iterator[RawFile]:
    # fsspec's own glob does not follow links.
    for path in _expand(Path("/"), pattern.strip("/").split("/")):
        found = _status(path)
        if found is None or stat.S_ISDIR(found.st_mode):
            continue
        if not stat.S_ISREG(found.st_mode):
            raise BadDataError(f"{path} is no regular file; remove it, or correct the source's path")
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise BadDataError(f"the name of {os.fsencode(path)!r} is not UTF-8; rename the file") from None
        yield RawFile(str(path), found.st_size, str(found.st_mtime_ns))


def _expand(folder: Path, parts: list[str]) -> Iterator[Path]:
    """The paths below a folder that the parts of a glob name."""
    part, *rest = parts
    if part == "**":
        for each in _folders_below(folder, ()):
            yield from _expand(each, rest or ["*"])
        return
    for path in sorted(_named(folder, part)) if _is_glob(part) else [folder / part]:
        if not rest:
            yield path
        elif _is_folder(path):
            yield from _expand(path, rest)


def _is_glob(part: str) -> bool:
    return any(sign in part for sign in "*?[")


def _named(folder: Path, glob: str) -> Iterator[Path]:
    return (path for path in folder.iterdir() if _is_meant(path.name, glob))


def _folders_below(folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[Path]:
    """The folder itself and those in it at any depth; `above`: device and inode of the folders that it lies in."""
    found = folder.stat()
    identity = (found.st_dev, found.st_ino)
    if identity in above:
        raise BadDataError(f"{folder} is a link to a folder that it lies in; remove the link")
    yield folder
    for path in sorted(folder.iterdir()):
        if _is_meant(path.name, "*") and _is_folder(path):
            yield from _folders_below(path, (*above, identity))


def _is_folder(path: Path) -> bool:
    found = _status(path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def _status(path: Path) -> os.stat_result | None:
    """That of a link's target; None where there is nothing. Raises BadDataError for a link without a target."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if not path.is_symlink():
            return None
        raise BadDataError(
            f"{path} is a link to {path.readlink()}, which does not exist; deliver the file, or remove the link"
        ) from None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise BadDataError(f"{path} is a link that leads back to itself; remove the link") from None


def _stored_files(store: FileStore, folder: str, parts: Sequence[str]) -> Iterator[RawFile]:
    """What the parts of a glob name below a folder of a store; a folder is listed once, a tree below `**` at once."""
    above = list(takewhile(lambda part: not _is_glob(part), parts[:-1]))
    folder, (part, *rest) = "/".join(filter(None, [folder, *above])), parts[len(above) :]
    if rest and part != "**":
        for name in sorted(store.list_folder(folder)[1]):
            if _is_meant(name, part):
                yield from _stored_files(store, f"{folder}/{name}" if folder else name, rest)
        return
    start = re.split(r"[*?[]", part, maxsplit=1)[0]
    for each in store.list_files(folder, start) if start or part == "**" else store.list_folder(folder)[0]:
        names = each.path.removeprefix(f"{folder}/" if folder else "").split("/")
        if _fits(names, [part, *rest]):
            yield RawFile(each.path, each.size, each.modified)


def _fits(names: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether the names of a path are those that the parts of a glob stand for."""
    if not parts or not names:
        return not parts and not names
    if parts[0] == "**":
        below = takewhile(lambda place: not place or _is_meant(names[place - 1], "*"), range(len(names)))
        return any(_fits(names[place:], parts[1:] or ["*"]) for place in below)
    return _is_meant(names[0], parts[0]) and _fits(names[1:], parts[1:])


def _remote_files(filesystem: Any, pattern: str) -> Iterator[RawFile]:
    for path, entry in filesystem.glob(pattern, detail=True).items():
        if entry["type"] == "directory" or not _is_spelt_or_meant(path, pattern):
            continue
        if entry["type"] != "file":
            raise BadDataError(f"{path} is a {entry['type']}, which is not followed here; deliver the file itself")
        yield RawFile(path, int(entry["size"] or 0), _change_mark(filesystem, path, entry))


def _change_mark(filesystem: Any, path: str, entry: Mapping[str, Any]) -> str:
    """The time or tag that the file system keeps, else a checksum of the content."""
    known = (entry.get(name) for name in _CHANGE_MARKS)
    mark = next((value for value in known if value not in (None, "")), None)
    return _checksum(filesystem, path) if mark is None else str(mark)


def _checksum(filesystem: Any, path: str) -> str:
    content = hashlib.sha256()
    with filesystem.open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            content.update(chunk)
    return content.hexdigest()


def _is_meant(name: str, part: str) -> bool:
    """Whether a part of a glob, or of a path, stands for the name."""
    is_hidden = name.startswith((".", "_")) and not part.startswith(name[0])
    return fnmatch.fnmatchcase(name, part) and not is_hidden


def _is_spelt_or_meant(path: str, pattern: str) -> bool:
    """Of a path that another glob has matched already."""
    *above, last = path.split("/")
    parts = pattern.split("/")
    return _is_meant(last, parts[-1].replace("**", "*")) and all(
        name in parts or not name or _is_meant(name, "*") for name in above
    )
