"""Histories of all users, built by vectorised tasks: files of events are split by user, each bucket written whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from interest_spark.features.sequences.catalogue import read_catalogue
from interest_spark.features.sequences.histories import EVENT_COLUMNS, histories, interest_rows
from interest_spark.platform.tasks import by_bucket, exchange, grouped_by_size
from interest_spark.storage.parts import read_columns, read_pieces, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_BYTES_A_TASK = 64 << 20
_BYTES_A_BUCKET = 24 << 20
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class EventFile:
    """A committed file of events, the day that delivered them, and whether histories reach back to that day."""

    path: str
    size: int  # bytes
    day: str
    within_history: bool = True


@dataclass(frozen=True)
class HistoryBuild:
    """What tasks need beside files of events: the files of other tables, settings, and the folder to write to."""

    vocab: tuple[str, ...]
    items: tuple[str, ...]
    categories: tuple[str, ...]
    bots: tuple[str, ...]
    behaviors: tuple[str, ...]
    max_length: int
    day: str
    buckets: int
    folder: str

    def split(self, files: Sequence[EventFile]) -> Iterator[Mapping[int, pl.DataFrame]]:
        """Rows of `interest_rows`, without bots, by bucket; of days before all history only who had an event."""
        for file in files:
            for events in read_pieces(file.path, EVENT_COLUMNS if file.within_history else ("user_id",)):
                yield by_bucket(self._rows(events, file), "user_id", self.buckets)

    def combine(self, bucket: int, rows: list[pl.DataFrame]) -> Iterator[str]:
        """Writes the bucket's histories; gives the path of the file, if there are any."""
        if rows:
            table = histories(pl.concat(rows), self.max_length)
            yield write_part(self.folder, "sequences", self.day, table, bucket)

    def _rows(self, events: pl.DataFrame, file: EventFile) -> pl.DataFrame:
        arrival_day = (date.fromisoformat(file.day) - _EPOCH).days
        catalogue = read_catalogue(self.vocab, self.items, self.categories)
        bots = _users_of(self.bots)
        people = events.join(bots, on="user_id", how="anti") if len(bots) else events
        return interest_rows(people, catalogue, self.behaviors if file.within_history else (), arrival_day)


def build_histories(spark: "SparkSession", build: HistoryBuild, events: Sequence[EventFile]) -> list[str]:
    """Write `sequences` of the day from all files of events up to it; returns the paths of its files."""
    groups = grouped_by_size([file.size for file in events], _BYTES_A_TASK)
    inputs = [[events[place] for place in group] for group in groups]
    return exchange(spark, inputs, build.split, build.buckets, build.combine)


def buckets_for(events: Sequence[EventFile], at_least: int) -> int:
    """So many that a task holds one: its rows take some ten times the bytes of the files that they come from."""
    return max(at_least, -(-sum(file.size for file in events if file.within_history) // _BYTES_A_BUCKET))


@lru_cache(maxsize=1)
def _users_of(files: tuple[str, ...]) -> pl.DataFrame:
    return read_columns(files, user_id=pl.String)
