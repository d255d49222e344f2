"""Histories of all users, built by vectorised tasks: files of events are split by user, each bucket written whole.

A day goes on from the histories of an earlier one: then only the events that were delivered since are exchanged, and
each task finds the earlier histories of its users in the file of its bucket.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.features.day_files import DayFile
from interest_spark.features.sequences.catalogue import read_categories, read_numbers
from interest_spark.features.sequences.histories import (
    EVENT_COLUMNS,
    Window,
    histories,
    interest_rows,
    placed_histories,
)
from interest_spark.foundation.dates import days_since_1970
from interest_spark.platform.tasks import by_bucket, exchange, grouped_by_size
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import Bucket, read_bucket
from interest_spark.storage.parts import read_columns, read_pieces, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PEOPLE, BOTS = "sequences", "bot_sequences"
"""The tables of histories: a bot's are kept as well, for who is one today may be none tomorrow."""

_BYTES_A_TASK = 64 << 20
BYTES_A_BUCKET = 24 << 20
"""Of files: in memory a bucket's rows take some ten times as many."""


@dataclass(frozen=True)
class HistoryBuild:
    """What tasks need beside files of events: the files of other tables, settings, and the folders to write to.

    Of days up to `history_after` nothing counts but who had an event.
    `earlier` are the files of histories to go on from, by table; without any, histories are built from all events.
    """

    vocab: tuple[str, ...]
    items: tuple[str, ...]
    categories: tuple[str, ...]
    bots: tuple[str, ...]
    behaviors: tuple[str, ...]
    window: Window
    history_after: str
    day: str
    buckets: int
    folders: Mapping[str, str]
    earlier: Mapping[str, tuple[str, ...]]

    def split(self, files: Sequence[DayFile]) -> Iterator[Mapping[int, pl.DataFrame]]:
        """Rows of `interest_rows` by bucket; of days before all history only who had an event."""
        for file in files:
            for events in read_pieces(file.path, EVENT_COLUMNS if self._counts(file) else ("user_id",)):
                yield by_bucket(self.rows_of(events, file), "user_id", self.buckets)

    def combine(self, bucket: int, rows: list[pl.DataFrame]) -> Iterator[tuple[str, str]]:
        """Writes the bucket's histories; gives the table and the path of each file that has any."""
        for table, found in self.histories(bucket, rows).items():
            if len(found):
                yield table, write_part(self.folders[table], table, self.day, found, Bucket(bucket, self.buckets))

    def histories(self, bucket: int, rows: list[pl.DataFrame]) -> dict[str, pa.Table]:
        """The bucket's rows of each table."""
        earlier = self.earlier_of(Bucket(bucket, self.buckets))
        if not rows and not len(earlier):
            return {}
        new = pl.concat(rows) if rows else interest_rows(_NO_USERS, _NO_USERS, (), 0)
        found, places = placed_histories(new, self._categories(), self.window, earlier)
        is_bot = pc.is_in(found["user_id"].combine_chunks().take(places), _users_of(self.bots))
        return {PEOPLE: found.take(places.filter(pc.invert(is_bot))), BOTS: found.take(places.filter(is_bot))}

    def earlier_of(self, bucket: Bucket) -> pa.Table:
        """The bucket's earlier histories, of people and bots."""
        return pa.concat_tables([_NONE, *(read_bucket(table, files, bucket) for table, files in self.earlier.items())])

    def people(self, new: pl.DataFrame, earlier: pa.Table) -> pa.Table:
        """The histories, of all but bots, of users with earlier ones or with new rows of `interest_rows`."""
        found = histories(new, self._categories(), self.window, earlier)
        return found.filter(pc.invert(pc.is_in(found["user_id"], _users_of(self.bots))))

    def rows_of(self, events: pl.DataFrame, file: DayFile) -> pl.DataFrame:
        """Rows of `interest_rows`."""
        arrival_day = days_since_1970(date.fromisoformat(file.day))
        behaviors = self.behaviors if self._counts(file) else ()
        return interest_rows(events, read_numbers(self.vocab), behaviors, arrival_day)

    def _categories(self) -> np.ndarray:
        return read_categories(self.vocab, self.items, self.categories)

    def _counts(self, file: DayFile) -> bool:
        """Whether an event of the file can be within the window: none is younger than its delivery."""
        return file.day > self.history_after


_NONE = TABLES["sequences"].empty_table()
_NO_USERS = pl.DataFrame(schema={"user_id": pl.String})


def build_histories(
    spark: "SparkSession", build: HistoryBuild, events: Sequence[DayFile]
) -> Mapping[str, Sequence[str]]:
    """Write the histories of the day from these files of events; returns the paths of the files by table."""
    groups = grouped_by_size([file.size for file in events], _BYTES_A_TASK)
    inputs = [[events[place] for place in group] for group in groups]
    written = exchange(spark, inputs, build.split, build.buckets, build.combine)
    return {table: [path for of, path in written if of == table] for table in build.folders}


@lru_cache(maxsize=1)
def _users_of(files: tuple[str, ...]) -> pa.Array:
    return read_columns(files, user_id=pl.String)["user_id"].to_arrow()
