"""Finding a source's raw files and the day each was delivered for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import fsspec

from interest_spark.config.sources import SourceConfig
from interest_spark.foundation.dates import parse_day
from interest_spark.foundation.errors import BadDataError, ConfigError, InterestError


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


def _list_files(pattern: str) -> Sequence[tuple[str, int, str]]:
    try:
        filesystem, glob = fsspec.core.url_to_fs(pattern)
        entries = filesystem.glob(glob, detail=True)
    except (ImportError, ValueError, OSError) as error:
        raise ConfigError(f"raw files {pattern!r} cannot be listed: {error}; correct the source's path") from None
    protocol = pattern.split("://")[0] + "://" if "://" in pattern else ""
    return [
        (protocol + path, int(entry["size"] or 0), str(entry.get("mtime") or entry.get("ETag") or ""))
        for path, entry in entries.items()
        if entry["type"] == "file" and not path.rsplit("/", 1)[-1].startswith((".", "_"))
    ]
