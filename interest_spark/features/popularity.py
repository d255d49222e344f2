"""How often each item was used lately: the fallback for users without a history, and the baseline to beat."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from interest_spark.features.day_files import DayFile, read_counts
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.parts import empty_frame, read_columns, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NOTHING = empty_frame("item_days").select("item_id", "events")


def events_of_people(counts: pl.DataFrame) -> pl.DataFrame:
    """`item_id, events` of each item, summed over rows of `item_days`, without those by machines."""
    by_people = pl.col("events") - pl.col("bot_events")
    return counts.group_by("item_id").agg(by_people.sum().alias("events"))


def rank_by_popularity(events: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """Rows of `popularity` from rows of `events_of_people`: most events first, ties by item_index."""
    summed = events.group_by("item_id").agg(pl.col("events").sum()).filter(pl.col("events") > 0)
    ranked = summed.join(numbers, on="item_id", how="inner").sort("events", "item_index", descending=[True, False])
    return ranked.with_columns(rank=pl.int_range(1, pl.len() + 1).cast(pl.Int32)).select(*TABLES["popularity"].names)


def write_ranking(folder: str, day: str, events: Sequence[pl.DataFrame], vocab: Sequence[str]) -> Iterator[str]:
    """Writes rows of `popularity` from frames like those of `events_of_people`; gives the path, if there are any."""
    numbers = read_columns(vocab, item_id=pl.String, item_index=pl.Int32)
    ranked = rank_by_popularity(pl.concat([_NOTHING, *events]), numbers)
    if len(ranked):
        yield write_part(folder, "popularity", day, ranked.to_arrow().cast(TABLES["popularity"]), 0)


@dataclass(frozen=True)
class PopularityBuild:
    """Files of `item_days` of the days that count, and of all of `vocab`."""

    counts: tuple[DayFile, ...]
    vocab: tuple[str, ...]
    behaviors: tuple[str, ...]
    day: str
    folder: str

    def write(self) -> Iterator[str]:
        """Writes the day's rows of `popularity`; gives the path, if there are any."""
        events = [events_of_people(read_counts(file, self.behaviors)) for file in self.counts]
        yield from write_ranking(self.folder, self.day, events, self.vocab)


def rank_items(spark: "SparkSession", build: PopularityBuild) -> list[str]:
    """Write the day's rows of `popularity`; returns their paths."""
    return each_in_a_task(spark, [build], PopularityBuild.write)
