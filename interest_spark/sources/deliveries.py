"""Finding a source's raw files and the day each was delivered for."""

import fnmatch
import re
from dataclasses import dataclass
from datetime import date

from interest_spark.config.sources import SourceConfig
from interest_spark.foundation.dates import day_range, parse_day
from interest_spark.foundation.errors import BadDataError, InterestError
from interest_spark.sources.listing import list_files
from interest_spark.sources.raw_paths import place_of


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

    Raises BadDataError when a `required` source has nothing for `last`, or what matches is no readable file. `key` is
    the configuration key, for messages.
    """
    found = _by_day(source, first or last, last) if source.by_day else _whole_history(source)
    if required and not any(delivery.day in (None, last.isoformat()) for delivery in found):
        pattern = source.path.replace("{day}", last.isoformat())
        raise BadDataError(
            f"no raw files match {pattern!r}; deliver them, or correct {key}.path, then run the job again"
        )
    return sorted(found)


def _whole_history(source: SourceConfig) -> list[Delivery]:
    return [Delivery(None, file.path, file.size, file.modified) for file in list_files(source.path)]


def _by_day(source: SourceConfig, first: date, last: date) -> list[Delivery]:
    # A listing for each day: the folders of other days need not be looked at, however many there are.
    listed = [
        Delivery(day, file.path, file.size, file.modified)
        for day in map(date.isoformat, day_range(first, last))
        for file in list_files(source.path.replace("{day}", day))
    ]
    template = place_of(source.path).path
    return [delivery for delivery in listed if _belongs_to(str(delivery.day), template, delivery.path)]


def _belongs_to(day: str, template: str, path: str) -> bool:
    """Whether no other day that gives the path, put into the template, stands further to the left in it."""
    named = re.findall(r"(?=(\d{4}-\d{2}-\d{2}))", path)
    others = named[: named.index(day)] if day in named else named
    return not any(_is_day(other) and _matches(template, path, other) for other in others)


def _is_day(text: str) -> bool:
    try:
        parse_day(text)
    except InterestError:
        return False
    return True


def _matches(template: str, path: str, day: str) -> bool:
    return re.search(fnmatch.translate(template.replace("{day}", day)), path) is not None
