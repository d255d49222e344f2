"""What is popular now: events count the less the longer ago they were."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from interest_spark.evaluation.baselines.baseline import Known
from interest_spark.evaluation.baselines.popularity import suggest as suggest_popular
from interest_spark.features.day_files import DayFile, read_counts
from interest_spark.features.popularity import events_of_people, write_ranking
from interest_spark.platform.tasks import each_in_a_task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAME = "recent_popularity"
HALF_LIFE = 7.0
"""Days after which an event counts half: a week, as shops' weeks are alike and their seasons are not."""
DAYS = 56
"""What is older than eight half-lives counts less than 1/256 and is not read."""
_PARTS = 1_000
"""Weights are counted in thousandths, as `popularity` counts whole events."""


def suggest(users: "DataFrame", known: Known, k: int) -> "DataFrame":
    """The items with the most decayed events, without what the user may not be suggested.

        weight of an item = sum over its events of 2^(-days since the event / 7)

    The recency of "recently popular" follows Ji et al. (2020), "A re-visit of the popularity baseline".
    """
    folder = str(known.work_of(NAME) / "popularity")
    count = DecayedCount(known.day_counts, known.histories.vocab_files, known.behaviors, known.cutoff, folder)
    files = each_in_a_task(users.sparkSession, [count], DecayedCount.write)
    return suggest_popular(users, replace(known, popularity_files=tuple(files)), k)


@dataclass(frozen=True)
class DecayedCount:
    """Files of `item_days` of the days that count, and of all of `vocab`; a `folder` of this run's own."""

    counts: tuple[DayFile, ...]
    vocab: tuple[str, ...]
    behaviors: tuple[str, ...]
    day: str
    folder: str

    def write(self) -> Iterator[str]:
        """Writes a ranking in the form of `popularity`, its events in thousandths; gives the path, if it has rows."""
        yield from write_ranking(self.folder, self.day, [self._decayed(file) for file in self.counts], self.vocab)

    def _decayed(self, file: DayFile) -> pl.DataFrame:
        days = (date.fromisoformat(self.day) - date.fromisoformat(file.day)).days
        weight = _PARTS * 0.5 ** (days / HALF_LIFE)
        counted = events_of_people(read_counts(file, self.behaviors))
        return counted.with_columns((pl.col("events") * weight).round().cast(pl.Int64))
