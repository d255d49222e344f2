"""Sessions: what a user does without a longer pause, across midnight and across deliveries.

The sessions of two deliveries join where less than a pause lies between them, so those of any number of deliveries are
found from the sessions of each, in any order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from interest_spark.features.day_files import DayFile
from interest_spark.platform.tasks import by_bucket, exchange, grouped_by_size
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.parts import empty_frame, read_pieces, write_part

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from pyspark.sql import SparkSession

_LISTS = ("session_start", "session_end", "session_events")
_BYTES_A_TASK, _BYTES_A_BUCKET = 16 << 20, 32 << 20


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
    """Of which `day` the sessions are, the pause between two, since when they must have ended, where to write them."""

    day: str
    gap: "timedelta"
    ended_since: "datetime"
    folder: str
    buckets: int

    def split(self, files: Sequence[tuple[str, DayFile]]) -> Iterator[Mapping[int, pl.DataFrame]]:
        """Rows of `sessions` by the bucket of their user; a file is of that table or of `user_days`."""
        for table, file in files:
            names = TABLES[table].names if table == "sessions" else ("user_id", *_LISTS)
            for rows in read_pieces(file.path, names):
                yield by_bucket(rows if table == "sessions" else sessions_of(rows), "user_id", self.buckets)

    def combine(self, bucket: int, rows: list[pl.DataFrame]) -> Iterator[str]:
        """Writes the bucket's sessions; gives the path."""
        joined = join_sessions(pl.concat([empty_frame("sessions"), *rows]), self.gap)
        kept = joined.filter(pl.col("session_end") >= self.ended_since)
        if len(kept):
            table: pa.Table = kept.to_arrow().cast(TABLES["sessions"])
            yield write_part(self.folder, "sessions", self.day, table, bucket)


def build_sessions(
    spark: "SparkSession", build: SessionsBuild, counts: Sequence[DayFile], earlier: Sequence[DayFile]
) -> list[str]:
    """Write `sessions` from files of `user_days` and the sessions of an earlier day; returns the paths."""
    files = [*(("user_days", file) for file in counts), *(("sessions", file) for file in earlier)]
    groups = grouped_by_size([file.size for _, file in files], _BYTES_A_TASK)
    inputs = [[files[place] for place in group] for group in groups]
    return exchange(spark, inputs, build.split, build.buckets, build.combine)


def buckets_for(files: Sequence[DayFile]) -> int:
    """So many that a task holds one."""
    return -(-sum(file.size for file in files) // _BYTES_A_BUCKET) or 1
