"""Users whose traffic is a machine's, found in the counts of their days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.config.bots import BotsConfig
from interest_spark.features.daily.late import KEYS, late_days, read_where
from interest_spark.features.daily.machines import REASONS, active_hours, crosses, gap_variation
from interest_spark.features.day_files import DayFile
from interest_spark.platform.tasks import by_bucket, exchange, grouped_by_size
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.parts import empty_frame, read_pieces, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SUMMED = ("events", "gaps", "gap_ms", "gap_ms_squared")
_COUNTS = ("user_id", "event_day", "hours", *_SUMMED)
_BYTES_A_TASK = 16 << 20
BYTES_A_BUCKET = 32 << 20  # of files


def machine_days(counts: pl.DataFrame, earlier: pl.DataFrame, bots: BotsConfig, first_day: date | None) -> pa.Table:
    """Rows of `bot_days`, in the order of user and day, as of a day.

    `counts` are rows of `user_days` with `is_new`; a user's day of which one is new must have them all. `earlier` are
    rows of `bot_days` of an earlier day, which hold for every user's day of which nothing is new. Days before
    `first_day` are left out.
    """
    summed = (pl.col(name).sum() for name in _SUMMED)
    days = counts.group_by(*KEYS).agg(*summed, pl.col("hours").bitwise_or(), pl.col("is_new").any())
    days = days.filter("is_new").drop("is_new")
    found = pl.concat([earlier.join(days, on=KEYS, how="anti"), _judged(days, bots)])
    if first_day is not None:
        found = found.filter(pl.col("event_day") >= first_day)
    return found.sort(KEYS).to_arrow().cast(TABLES["bot_days"])


def machines(days: pa.Table) -> pa.Table:
    """Rows of `bot_days`, ordered by user and day, to rows of `bots`."""
    evidence = pl.format(
        "{}: {} events in {} hours, gap variation {}",
        pl.col("event_day").dt.to_string("%Y-%m-%d"),
        "events",
        "active_hours",
        pl.col("gap_variation").round(2).cast(pl.String).fill_null("unknown"),
    )
    frame = pl.from_arrow(days)
    assert isinstance(frame, pl.DataFrame)
    users = frame.with_columns(evidence=evidence).group_by("user_id", maintain_order=True)
    found = users.agg(
        pl.col("reason").str.split(",").list.explode().unique().sort().str.join(","),
        pl.col("events").max().alias("busiest_day_events"),
        pl.col("active_hours").max(),
        pl.col("evidence").last(),
    )
    return found.select(*TABLES["bots"].names).to_arrow().cast(TABLES["bots"])


def _judged(days: pl.DataFrame, bots: BotsConfig) -> pl.DataFrame:
    """The days that cross a threshold, with the columns of `bot_days`."""
    crossed = crosses(days.to_arrow(), bots) & bots.enabled
    days, crossed = days.filter(pl.Series(crossed.any(axis=0))), crossed[:, crossed.any(axis=0)]
    table, names = days.to_arrow(), np.array(sorted(REASONS))
    places = np.argsort(REASONS)
    reasons = [",".join(names[each]) for each in crossed[places].T]
    return days.select("user_id", "event_day", "events").with_columns(
        reason=pl.Series(reasons, dtype=pl.String),
        active_hours=pl.Series(active_hours(table), dtype=pl.Int32),
        gap_variation=pl.Series(gap_variation(table)).fill_nan(None),
    )[list(TABLES["bot_days"].names)]


@dataclass(frozen=True)
class BotsBuild:
    """Of which `day` the bots are, after which day counts are new, and the folder of each table to write to.

    `late_in`: files of the new counts, where their late keys fit into a worker's memory.
    """

    day: str
    config: BotsConfig
    new_after: str
    first_day: date | None
    folders: Mapping[str, str]
    buckets: int
    late_in: tuple[DayFile, ...]

    def split(self, files: Sequence[tuple[str, DayFile]]) -> Iterator[Mapping[int, pl.DataFrame]]:
        """Rows of `bot_days` or `user_days`, whichever table a file is of, by the bucket of their user."""
        for table, file in files:
            if table == "bot_days":
                parts = list(read_pieces(file.path, TABLES[table].names))
            else:
                parts = self._of_interest(file)
            for part in parts:
                yield by_bucket(part, "user_id", self.buckets)

    def _of_interest(self, file: DayFile) -> list[pl.DataFrame]:
        """What others must know of a delivery: counts of days of which another has brought events, too, else verdicts.

        Nearly all days come with one delivery, their own, and most of their users are people: nothing of them is read.
        """
        is_new, late = file.day > self.new_after, late_days(self.late_in) if self.late_in else None
        counts = read_where(file, _COUNTS, pl.col("is_machine") & is_new, late)
        if late is None:
            return [counts.with_columns(is_new=pl.lit(is_new))]
        shared = counts.join(late, on=KEYS, how="semi").with_columns(is_new=pl.lit(is_new))
        alone = counts.join(late, on=KEYS, how="anti")
        return [shared, *([_judged(alone, self.config)] if is_new else [])]

    def combine(self, bucket: int, rows: list[pl.DataFrame]) -> Iterator[tuple[str, str]]:
        """Writes the bucket's rows of `bot_days` and `bots`; gives table and path."""
        counts = [_NO_COUNTS, *(each for each in rows if "is_new" in each.columns)]
        judged = [_NO_DAYS, *(each for each in rows if "is_new" not in each.columns)]
        days = machine_days(pl.concat(counts), pl.concat(judged), self.config, self.first_day)
        for table, found in {"bot_days": days, "bots": machines(days)}.items():
            if len(found):
                yield table, write_part(self.folders[table], table, self.day, found, bucket)


_NO_COUNTS = empty_frame("user_days").select(*_COUNTS, pl.lit(True).alias("is_new"))
_NO_DAYS = empty_frame("bot_days")


def find_machines(
    spark: "SparkSession", build: BotsBuild, counts: Sequence[DayFile], earlier: Sequence[DayFile]
) -> Mapping[str, Sequence[str]]:
    """Write `bots` and `bot_days` from files of `user_days` and the `bot_days` of an earlier day; paths by table."""
    files = [*(("user_days", file) for file in counts), *(("bot_days", file) for file in earlier)]
    groups = grouped_by_size([file.size for _, file in files], _BYTES_A_TASK)
    inputs = [[files[place] for place in group] for group in groups]
    written = exchange(spark, inputs, build.split, build.buckets, build.combine)
    return {table: [path for of, path in written if of == table] for table in build.folders}
