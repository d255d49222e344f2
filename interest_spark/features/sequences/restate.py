"""Histories of a past day with what was delivered of it since: of the users whom that changes, and of nobody else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.features.clock import local_days
from interest_spark.features.day_files import DayFile
from interest_spark.features.sequences.build import HistoryBuild
from interest_spark.features.sequences.histories import EVENT_COLUMNS
from interest_spark.foundation.dates import parse_zone
from interest_spark.platform.tasks import by_bucket, exchange
from interest_spark.storage.buckets import Bucket
from interest_spark.storage.parts import read_pieces, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RESTATED = "restated_sequences"

_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Restatement:
    """How histories of the past day are built, and that day, counted from 1970."""

    build: HistoryBuild
    day: int

    def split(self, file: DayFile) -> Iterator[Mapping[int, pl.DataFrame]]:
        """Rows of the late events of a later delivery, by bucket."""
        zone = parse_zone(self.build.window.zone)
        for events in read_pieces(file.path, EVENT_COLUMNS):
            seconds = events["event_time"].to_physical().to_numpy() // _MICROSECONDS
            late = events.filter(pl.Series(local_days(seconds, zone) <= self.day))
            if len(late):
                yield by_bucket(self.build.rows_of(late, file), "user_id", self.build.buckets)

    def combine(self, number: int, rows: list[pl.DataFrame]) -> Iterator[str]:
        """Writes the bucket's changed histories; gives the path, if there are any."""
        if not rows:
            return
        bucket = Bucket(number, self.build.buckets)
        found = self.changed(pl.concat(rows), self.build.earlier_of(bucket))
        if len(found):
            yield write_part(self.build.folders[RESTATED], RESTATED, self.build.day, found, bucket)

    def changed(self, late: pl.DataFrame, before: pa.Table) -> pa.Table:
        """The histories, as they are now, of people whom `late`, rows of `interest_rows`, changes."""
        known = pl.Series(before["user_id"], dtype=pl.String)
        window = self.build.window
        within = pl.Series(window.days(late["event_time"].to_arrow().fill_null(0)) >= (window.first_day or 0))
        # Other events change nothing but for a user who was not known at all.
        news = late.filter((pl.col("item_index").is_not_null() & within) | ~pl.col("user_id").is_in(known.implode()))
        theirs = before.filter(pc.is_in(before["user_id"], news["user_id"].unique().to_arrow()))
        return self.build.people(news, theirs)


def restate(spark: "SparkSession", restatement: Restatement, later: Sequence[DayFile]) -> list[str]:
    """Write the changed histories of a past day, from files of events that were delivered after it; their paths."""
    return exchange(spark, later, restatement.split, restatement.build.buckets, restatement.combine)
