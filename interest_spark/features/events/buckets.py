"""Where the rows of an event day go: copies of a line meet in one bucket, and a day's events lie in few files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from interest_spark.features.events.duplicates import hash_of

_ROWS, _LEAST_ROWS = 400_000, 50_000
_ROWS_A_FILE = 1_000  # that take as long to write as another file does
_MICROSECONDS_A_DAY = 86_400_000_000


@dataclass(frozen=True)
class Buckets:
    """Each event day (of UTC, in days since 1970) has `parts` buckets from `first` on; neighbours may share one.

    Rows are spread over a day's buckets by the hash of `keys`. `by_time` is False where copies may have another time
    of event: then all rows are those of day 0.
    """

    keys: Sequence[str]
    by_time: bool
    first: Mapping[int, int]
    parts: Mapping[int, int]

    @property
    def count(self) -> int:
        """How many there are, at least one."""
        return max((self.first[day] + self.parts[day] for day in self.first), default=1)

    def split(self, rows: pl.DataFrame) -> dict[int, pl.DataFrame]:
        """The rows by bucket, in their order; those of days that no bucket has are left out."""
        if not self.first:
            return {}
        day = event_days() if self.by_time else pl.lit(0, pl.Int64)
        placed = rows.select(day=day, hash=hash_of(rows, self.keys)).select(
            bucket=_of_day(self.first) + pl.col("hash") % _of_day(self.parts)
        )
        if placed["bucket"].n_unique() == 1 and (bucket := placed["bucket"][0]) is not None:
            return {bucket: rows}
        split = rows.with_columns(placed).partition_by("bucket", include_key=False, as_dict=True)
        return {int(bucket): part for (bucket,), part in split.items() if bucket is not None}


def _of_day(values: Mapping[int, int]) -> pl.Expr:
    return pl.col("day").replace_strict(values, default=None, return_dtype=pl.UInt64)


def event_days() -> pl.Expr:
    """The days of UTC that events happened on, in days since 1970."""
    return pl.col("event_time").dt.epoch("us") // _MICROSECONDS_A_DAY


def plan_buckets(keys: Sequence[str], rows_by_day: Mapping[int, int], cores: int) -> Buckets:
    """Buckets of so many rows that a task can hold them, and no fewer than the cores where there is work for all."""
    by_time = "event_time" in keys
    rows = {day: count + _ROWS_A_FILE for day, count in sorted(rows_by_day.items())}
    rows = rows if by_time else {0: sum(rows_by_day.values())}
    limit = min(_ROWS, max(_LEAST_ROWS, -(-sum(rows.values()) // cores)))
    first: dict[int, int] = {}
    parts: dict[int, int] = {}
    used = room = 0
    for day, count in rows.items():
        parts[day] = max(-(-count // limit), 1)
        if count > room or not used:
            used += parts[day]
            room = limit if parts[day] == 1 else 0
        first[day] = used - parts[day]
        room -= count
    return Buckets(tuple(keys), by_time, first, parts)
