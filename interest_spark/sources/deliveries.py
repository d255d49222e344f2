"""Finding a source's raw files and the day each was delivered for."""

from dataclasses import dataclass
from datetime import date

from interest_spark.config.day_path import DayPath
from interest_spark.config.source import SourceConfig
from interest_spark.foundation.dates import day_range
from interest_spark.foundation.errors import BadDataError
from interest_spark.sources.listing import list_files
from interest_spark.sources.raw_paths import place_of


@dataclass(frozen=True, order=True)
class Delivery:
    """One raw file; `day` is None where the files are one delivery of the whole history.

    `source` is the place of its source among several of one kind.
    """

    day: str | None
    path: str
    size: int
    modified: str
    source: int = 0

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
        pattern = DayPath(source.path).on(last)
        raise BadDataError(
            f"no raw files match {pattern!r}; deliver them, or correct {key}.path, then run the job again; days "
            "on which nothing was collected are passed over with ingest.missing_days: pass"
        )
    return sorted(found)


def _whole_history(source: SourceConfig) -> list[Delivery]:
    return [Delivery(None, file.path, file.size, file.modified) for file in list_files(source.path)]


def _by_day(source: SourceConfig, first: date, last: date) -> list[Delivery]:
    """A listing for each day: the folders of other days need not be looked at, however many there are.

    A file that the globs of several days match belongs to the day that stands first in its path.
    """
    paths, named = DayPath(source.path), DayPath(place_of(source.path).path)
    return [
        Delivery(day.isoformat(), file.path, file.size, file.modified)
        for day in day_range(first, last)
        for file in list_files(paths.on(day))
        if named.day_in(file.path) in (None, day)
    ]
