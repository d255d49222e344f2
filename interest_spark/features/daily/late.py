"""Which days of which users have been counted in more than one delivery."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import polars as pl

from interest_spark.features.day_files import DayFile
from interest_spark.storage.damage import reading
from interest_spark.storage.file_stores import local_copy

KEYS = ("user_id", "event_day")

_BYTES_READ = 1 << 30  # of which the keys of late rows are a small part


def fits_a_worker(files: Sequence[DayFile]) -> bool:
    """Whether a worker can hold the late days of all these files of `user_days`: few of their rows are late."""
    return sum(file.size for file in files) <= _BYTES_READ


@lru_cache(maxsize=1)
def late_days(files: tuple[DayFile, ...]) -> pl.DataFrame:
    """The users' days, KEYS, of which any of these files of `user_days` has events that came later than the day."""
    none = pl.DataFrame(schema={"user_id": pl.String, "event_day": pl.Date})
    return pl.concat([none, *map(_late_days_of, files)]).unique()


def _late_days_of(file: DayFile) -> pl.DataFrame:
    with reading(file.path), local_copy(file.path) as copy:
        return _scan(copy).filter(is_late(file)).select(*KEYS).collect()


def is_late(file: DayFile) -> pl.Expr:
    """Whether a row of the file came later than its day."""
    return pl.col("event_day") < date.fromisoformat(file.day)


def read_where(file: DayFile, columns: Sequence[str], wanted: pl.Expr, late: pl.DataFrame | None) -> pl.DataFrame:
    """The columns of the rows that are `wanted`, and of all of whose day `late` says that others have been counted.

    Without `late` nobody can say, and all rows are read.
    """
    with reading(file.path), local_copy(file.path) as copy:
        rows = _scan(copy)
        if late is None:
            return rows.select(*columns).collect()
        sure = wanted | is_late(file)
        parts = [rows.filter(sure).select(*columns)]
        if len(late):
            of_their_days = pl.col("event_day").is_in(late["event_day"].unique().implode())
            others = rows.filter(of_their_days & ~sure).select(*dict.fromkeys((*columns, *KEYS)))
            parts.append(others.join(late.lazy(), on=KEYS, how="semi").select(*columns))
        return pl.concat([part.collect() for part in parts])


def _scan(path: str) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)
