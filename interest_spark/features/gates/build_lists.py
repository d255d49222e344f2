"""Figures of a day's lists, by vectorised tasks: one sums up a file, one measures the sums."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from interest_spark.features.gates.judge import Measured
from interest_spark.features.gates.lists import (
    LIST_COLUMNS,
    UNSERVED_COLUMNS,
    ListRules,
    measure_lists,
    sum_last_lists,
    sum_lists,
    sum_unserved,
)
from interest_spark.platform.tasks import exchange
from interest_spark.storage.parts import read_pieces

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class ListsToMeasure:
    """Files of `lists`, of `unserved` users, and of the `last` lists before; and how many items had events lately."""

    lists: Sequence[str]
    unserved: Sequence[str]
    last: Sequence[str]
    known_items: int
    rules: ListRules


def measure_files_of_lists(spark: "SparkSession", given: ListsToMeasure) -> list[Measured]:
    """The figures of the lists."""
    files = [
        *((path, "lists") for path in given.lists),
        *((path, "unserved") for path in given.unserved),
        *((path, "last") for path in given.last),
    ]

    def split(file: tuple[str, str]) -> Iterator[Mapping[int, pl.DataFrame]]:
        path, what = file
        for rows in read_pieces(path, UNSERVED_COLUMNS if what == "unserved" else LIST_COLUMNS):
            if what == "lists":
                yield {0: sum_lists(rows, given.rules)}
            else:
                yield {0: sum_unserved(rows) if what == "unserved" else sum_last_lists(rows, given.rules)}

    def combine(_: int, sums: list[pl.DataFrame]) -> Iterator[Measured]:
        yield from measure_lists(sums, given.known_items)

    return exchange(spark, files, split, 1, combine)
