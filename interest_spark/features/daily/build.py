"""Daily counts by vectorised tasks: a task counts whole days; a day that is too large for one is split by user."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from interest_spark.features.day_files import DayFile
from interest_spark.platform.tasks import by_bucket, each_in_a_task, exchange, grouped_by_size
from interest_spark.storage.parts import read_pieces, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_BYTES_A_TASK = 32 << 20  # of files; in memory their rows take some ten times as many

Written = tuple[str, str]  # table, path


@dataclass(frozen=True)
class DailyBuild:
    """The `columns` of events that `count_day` gets with their day, giving rows by table, and the tables' folders."""

    columns: tuple[str, ...]
    count_day: Callable[[pl.DataFrame, str], Mapping[str, pa.Table]]
    folders: Mapping[str, str]

    def count(self, days: Sequence[Sequence[DayFile]]) -> Iterator[Written]:
        """Writes the counts of some days, each given by all of its files."""
        for files in days:
            pieces = [piece for file in files for piece in read_pieces(file.path, self.columns)]
            if pieces:
                yield from self._write(pl.concat(pieces), files[0].day, 0)

    def count_large(self, spark: "SparkSession", files: Sequence[DayFile]) -> list[Written]:
        """Writes the counts of one day, a bucket of its users in each task."""
        day = files[0].day
        buckets = -(-sum(file.size for file in files) // _BYTES_A_TASK)

        def split(file: DayFile) -> Iterator[Mapping[int, pl.DataFrame]]:
            for piece in read_pieces(file.path, self.columns):
                yield by_bucket(piece, "user_id", buckets)

        def combine(bucket: int, rows: list[pl.DataFrame]) -> Iterator[Written]:
            if rows:
                yield from self._write(pl.concat(rows), day, bucket)

        return exchange(spark, files, split, buckets, combine)

    def _write(self, events: pl.DataFrame, day: str, part: int) -> Iterator[Written]:
        for table, rows in self.count_day(events, day).items():
            yield table, write_part(self.folders[table], table, day, rows, part)


def build_days(spark: "SparkSession", build: DailyBuild, files: Sequence[DayFile]) -> Mapping[str, Sequence[str]]:
    """Write the counts of all days that these files are of, in the order of days; the paths by table."""
    days = [list(each) for _, each in groupby(files, key=lambda file: file.day)]
    small = [day for day in days if _size(day) <= _BYTES_A_TASK]
    # Two tasks a core at least, so that all have work while the last one runs.
    limit = sum(map(_size, small)) // (2 * spark.sparkContext.defaultParallelism) + 1
    groups = grouped_by_size([_size(day) for day in small], min(limit, _BYTES_A_TASK))
    written = each_in_a_task(spark, [[small[place] for place in group] for group in groups], build.count)
    for day in days:
        if _size(day) > _BYTES_A_TASK:
            written += build.count_large(spark, day)
    return {table: [path for of, path in written if of == table] for table in build.folders}


def _size(files: Sequence[DayFile]) -> int:
    return sum(file.size for file in files)
