"""Committed files that tasks read themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from interest_spark.schemas.tables import TABLES
from interest_spark.storage.damage import reading
from interest_spark.storage.file_stores import local_copy
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
    found = [(path, each.day) for each in slices for path in table.files_of(each)]
    paths = [path for path, _ in found]
    sizes = table.sizes_of(paths)
    return [DayFile(place, sizes[path], day) for place, (path, day) in zip(table.located(paths), found, strict=True)]


def read_counts(file: DayFile, behaviors: Sequence[str]) -> pl.DataFrame:
    """The rows of a file of `item_days` that are of these behaviors, with `dt`."""
    names = list(TABLES["item_days"].names)
    with reading(file.path), local_copy(file.path) as copy:
        rows = pl.read_parquet(copy, columns=names, glob=False, hive_partitioning=False)
    return rows.filter(pl.col("behavior").is_in(behaviors)).with_columns(dt=pl.lit(file.day))
