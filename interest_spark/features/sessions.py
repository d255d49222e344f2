"""Sessions: what a user does without a longer pause, across midnight and across deliveries.

The sessions of two deliveries join where less than a pause lies between them, so those of any number of deliveries are
found from the sessions of each, in any order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from interest_spark.features.daily.late import late_days, read_where
from interest_spark.features.day_files import DayFile
from interest_spark.platform.tasks import by_bucket, exchange, grouped_by_size
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import Bucket, read_bucket
from interest_spark.storage.parts import write_part

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta

    from pyspark.sql import SparkSession

_LISTS = ("session_start", "session_end", "session_events")
_BYTES_A_TASK = 16 << 20
BYTES_A_BUCKET = 32 << 20  # of files


def join_sessions(pieces: pl.DataFrame, gap: "timedelta") -> pl.DataFrame:
    """Rows of `sessions`, in the order of user and time, from those of several deliveries."""
    ordered = pieces.sort("user_id", "session_start")
    end_before = pl.col("session_end").cum_max().shift().over("user_id")
    begins = (pl.col("session_start") - end_before >= gap).fill_null(value=True)
    numbered = ordered.with_columns(session=begins.cum_sum())
    joined = numbered.group_by("user_id", "session", maintain_order=True).agg(
        pl.col("session_start").first(), pl.col("session_end").max(), pl.col("events").sum()
    )
    return joined.drop("session")


def sessions_of(counts: pl.DataFrame) -> pl.DataFrame:
    """Rows of `user_days` to those of `sessions`, as far as a delivery tells them."""
    each = counts.select("user_id", *_LISTS).explode(*_LISTS)
    return each.select("user_id", *_LISTS[:2], pl.col("session_events").cast(pl.Int64).alias("events"))


@dataclass(frozen=True)
class SessionsBuild:
    """Of which `day` the sessions are, the pause between two, since when they must have ended, where to write them.

    `earlier` are files of the sessions of an earlier day, by bucket; `first_day` is that of `ended_since`; `late_in`
    are files of the new counts, where their late days fit into a worker's memory.
    """

    day: str
    gap: "timedelta"
    ended_since: "datetime"
    folder: str
    buckets: int
    earlier: tuple[str, ...]
    first_day: "date"
    late_in: tuple[DayFile, ...]

    def split(self, files: Sequence[DayFile]) -> Iterator[Mapping[int, pl.DataFrame]]:
        """Sessions in files of `user_days`, by the bucket of their user."""
        # A session of a day before those that count is of interest only if it may have gone on after midnight.
        counts = (pl.col("event_day") >= self.first_day) | pl.col("until_midnight")
        for file in files:
            late = late_days(self.late_in) if self.late_in else None
            rows = read_where(file, ("user_id", *_LISTS), counts, late)
            yield by_bucket(sessions_of(rows), "user_id", self.buckets)

    def combine(self, number: int, rows: list[pl.DataFrame]) -> Iterator[str]:
        """Writes the bucket's sessions; gives the path."""
        bucket = Bucket(number, self.buckets)
        known = pl.DataFrame(read_bucket("sessions", self.earlier, bucket))
        joined = join_sessions(pl.concat([known, *rows]), self.gap)
        kept = joined.filter(pl.col("session_end") >= self.ended_since)
        if len(kept):
            table: pa.Table = kept.to_arrow().cast(TABLES["sessions"])
            yield write_part(self.folder, "sessions", self.day, table, bucket)


def build_sessions(spark: "SparkSession", build: SessionsBuild, counts: Sequence[DayFile]) -> list[str]:
    """Write `sessions` from files of `user_days` and the sessions of an earlier day; returns the paths."""
    groups = grouped_by_size([file.size for file in counts], _BYTES_A_TASK)
    inputs = [[counts[place] for place in group] for group in groups]
    return exchange(spark, inputs, build.split, build.buckets, build.combine)
