"""Committed files that tasks read themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from interest_spark.schemas.tables import TABLES
from interest_spark.storage.layout import Slice
from interest_spark.storage.snapshot import Snapshot


@dataclass(frozen=True)
class DayFile:
    """A committed file, its bytes, and the day that it is part of."""

    path: str
    size: int
    day: str


def day_files(table: Snapshot, slices: Iterable[Slice]) -> list[DayFile]:
    """The files of these slices, in their order."""
    return [
        DayFile(f"{table.folder}/{path}", table.size_of(path), each.day)
        for each in slices
        for path in table.files_of(each)
    ]


def read_counts(file: DayFile, behaviors: Sequence[str]) -> pl.DataFrame:
    """The rows of a file of `item_days` that are of these behaviors, with `dt`."""
    rows = pl.read_parquet(file.path, columns=list(TABLES["item_days"].names), glob=False, hive_partitioning=False)
    return rows.filter(pl.col("behavior").is_in(behaviors)).with_columns(dt=pl.lit(file.day))
