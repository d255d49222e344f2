"""Finding a source's raw files and the day each was delivered for."""

import glob
import hashlib
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import fsspec

from interest_spark.config.sources import SourceConfig
from interest_spark.foundation.dates import parse_day
from interest_spark.foundation.errors import BadDataError, ConfigError, InterestError

_MARKS = ("mtime", "ETag", "etag", "LastModified", "last_modified", "md5Hash")
"""What file systems call that which changes with a file's content."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, order=True)
class Delivery:
    """One raw file; `day` is None where the files are one delivery of the whole history."""

    day: str | None
    path: str
    size: int
    modified: str

    @property
    def identity(self) -> tuple[str, int, str]:
        """What must be unchanged for the file to count as the one already read."""
        return self.path, self.size, self.modified


def find_deliveries(
    source: SourceConfig, key: str, *, first: date | None = None, last: date, required: bool = True
) -> list[Delivery]:
    """The source's files in the order of day and path; by-day sources only from `first` to `last`.

    Raises BadDataError when a `required` source has nothing for `last`. `key` is the configuration key, for messages.
    """
    found = _by_day(source, first or last, last) if source.by_day else _whole_history(source)
    if required and not any(delivery.day in (None, last.isoformat()) for delivery in found):
        pattern = source.path.replace("{day}", last.isoformat())
        raise BadDataError(
            f"no raw files match {pattern!r}; deliver them, or correct {key}.path, then run the job again"
        )
    return sorted(found)


def _whole_history(source: SourceConfig) -> list[Delivery]:
    return [Delivery(None, *file) for file in _list_files(source.path)]


def _by_day(source: SourceConfig, first: date, last: date) -> list[Delivery]:
    # A path's day is the first date in it that, put into the template, gives the path again.
    day_of = re.compile(r"(\d{4}-\d{2}-\d{2})")
    deliveries = []
    for path, size, modified in _list_files(source.path.replace("{day}", "????-??-??")):
        for match in day_of.finditer(path):
            day = match.group(1)
            if _is_day(day) and _matches(source.path, path, day):
                if first.isoformat() <= day <= last.isoformat():
                    deliveries.append(Delivery(day, path, size, modified))
                break
    return deliveries


def _is_day(text: str) -> bool:
    try:
        parse_day(text)
    except InterestError:
        return False
    return True


def _matches(template: str, path: str, day: str) -> bool:
    pattern = "".join(
        ".*" if part == "*" else "." if part == "?" else re.escape(part)
        for part in re.split(r"([*?])", template.replace("{day}", day))
        if part
    )
    return re.search(pattern + "$", path) is not None


def _list_files(pattern: str) -> list[tuple[str, int, str]]:
    """Path, size and a mark of the content of every file that matches; hidden ones are left out."""
    found = _list_remote(pattern) if "://" in pattern else _list_local(pattern)
    return [file for file in found if not file[0].rsplit("/", 1)[-1].startswith((".", "_"))]


def _list_local(pattern: str) -> Iterator[tuple[str, int, str]]:
    """Links are followed, to files and to folders; one that leads nowhere is named, since its lines would be lost."""
    for path in glob.glob(str(Path(pattern).absolute()), recursive=True):  # noqa: PTH207  (pathlib follows no links)
        try:
            status = Path(path).stat()
        except OSError as error:
            what = "is a link that leads nowhere" if Path(path).is_symlink() else "cannot be read"
            raise BadDataError(
                f"raw file {path} {what}: {error.strerror}; deliver it, or take it away, then run the job again"
            ) from None
        if stat.S_ISREG(status.st_mode):
            yield path, status.st_size, str(status.st_mtime_ns)


def _list_remote(pattern: str) -> Iterator[tuple[str, int, str]]:
    try:
        filesystem, path_glob = fsspec.core.url_to_fs(pattern)
        entries = filesystem.glob(path_glob, detail=True)
    except (ImportError, ValueError, OSError) as error:
        raise ConfigError(f"raw files {pattern!r} cannot be listed: {error}; correct the source's path") from None
    protocol = pattern.split("://")[0] + "://"
    for path, entry in entries.items():
        if entry["type"] == "file":
            mark = next((entry[key] for key in _MARKS if entry.get(key)), None) or _checksum(filesystem, path)
            yield protocol + path.removeprefix(protocol), int(entry["size"] or 0), str(mark)


def _checksum(filesystem: fsspec.AbstractFileSystem, path: str) -> str:
    """Of the content: all that a file system has to say which neither dates nor marks its files."""
    with filesystem.open(path, "rb") as file:
        found = hashlib.sha256()
        while chunk := file.read(_CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()
