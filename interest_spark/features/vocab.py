"""The append-only vocabulary: an item's integer is given once and never changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from interest_spark.features.day_files import DayFile, read_counts
from interest_spark.features.numbering import number_on
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.parts import read_columns, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def new_items(counts: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Rows to append: items of `counts`, with `dt`, that `known` does not hold, numbered on from its largest index.

    The order is first day, then id, so the same counts always give the same integers.
    """
    seen = counts.group_by("item_id").agg(pl.col("dt").min().alias("first_day"))
    unknown = seen.join(known, on="item_id", how="anti")
    numbered = number_on(unknown, known, "item_index", FIRST_ITEM_INDEX, ("first_day", "item_id"))
    return numbered.select(*TABLES["vocab"].names)


@dataclass(frozen=True)
class VocabBuild:
    """Files of `item_days`, of all of `vocab`, and of what an earlier run of the day has given, which stays."""

    counts: tuple[DayFile, ...]
    known: tuple[str, ...]
    given_today: tuple[str, ...]
    behaviors: tuple[str, ...]
    day: str
    folder: str

    def write(self) -> Iterator[str]:
        """Writes the day's rows of `vocab`; gives the path, if there are any.

        One task numbers all: like those that build histories, it holds the ids of all items.
        """
        found = [read_counts(file, self.behaviors).select("item_id", "dt").unique() for file in self.counts]
        if not found and not self.given_today:
            return
        known = read_columns(self.known, item_id=pl.String, item_index=pl.Int32)
        today = read_columns(self.given_today, item_id=pl.String, item_index=pl.Int32, first_day=pl.String)
        rows = pl.concat([today, *([new_items(pl.concat(found), known)] if found else [])])
        if len(rows):
            yield write_part(self.folder, "vocab", self.day, rows.to_arrow().cast(TABLES["vocab"]), 0)


def number_items(spark: "SparkSession", build: VocabBuild) -> list[str]:
    """Write the day's rows of `vocab`; returns their paths."""
    return each_in_a_task(spark, [build], VocabBuild.write)
