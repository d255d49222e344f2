"""What is known of each customer's days and interests, carried from day to day in buckets of users.

All are sums of whole numbers by day of the event, within a window: an earlier state and what was delivered since give
the same as all deliveries together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from interest_spark.features.day_files import DayFile
from interest_spark.platform.tasks import by_bucket, exchange, grouped_by_size
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.interests import TOTAL
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import Bucket, read_bucket
from interest_spark.storage.parts import empty_frame, read_pieces, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAYS, INTERESTS = "customer_days", "customer_interests"
STATE = (DAYS, INTERESTS)

_BYTES_A_TASK = 16 << 20
BYTES_A_BUCKET = 8 << 20
"""Of files: in memory a bucket's rows take some twenty times as many."""

_KEYS = {DAYS: ("user_id", "event_day"), INTERESTS: ("user_id", "kind", "value", "behavior", "event_day")}
_SESSIONS = ("session_start", "session_end", "session_events")
_AMOUNTS = {"purchase": "spent", "return": "returned"}


def days_of_counts(counts: pl.DataFrame) -> pl.DataFrame:
    """Rows of `user_days` to those of `customer_days`, as far as they tell."""
    row = counts.with_row_index("row")
    sessions = row.select("row", *_SESSIONS[:2]).explode(*_SESSIONS[:2])
    milliseconds = (pl.col("session_end") - pl.col("session_start")).dt.total_milliseconds().sum()
    lasted = sessions.group_by("row").agg(session_ms=milliseconds)
    return _summed(
        DAYS,
        row.join(lasted, on="row", how="left").with_columns(
            sessions=pl.col("session_events").list.len().cast(pl.Int64),
            session_events=pl.col("session_events").list.sum().cast(pl.Int64),
        ),
    )


def days_of_amounts(interests: pl.DataFrame) -> pl.DataFrame:
    """Rows of `interest_days` to those of `customer_days`, as far as they tell: what was spent and returned."""
    totals = interests.filter((pl.col("kind") == TOTAL) & pl.col("behavior").is_in(list(_AMOUNTS)))
    amounts = {
        column: pl.when(pl.col("behavior") == behavior).then("amount").otherwise(0)
        for behavior, column in _AMOUNTS.items()
    }
    return _summed(DAYS, totals.drop("events").with_columns(**amounts))


def interests_of_counts(interests: pl.DataFrame) -> pl.DataFrame:
    """Rows of `interest_days` to those of `customer_interests`."""
    return interests.filter(pl.col("kind") != TOTAL).select(*TABLES[INTERESTS].names)


def _summed(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with all columns of the table, 0 where there is none."""
    lacking = (pl.lit(0, pl.Int64).alias(name) for name in TABLES[table].names if name not in rows.columns)
    return rows.with_columns(*lacking).select(*TABLES[table].names)


def carried_on(table: str, earlier: pl.DataFrame, new: Sequence[pl.DataFrame], first_day: date) -> pl.DataFrame:
    """The table's rows from `earlier` ones and what came since, in the order of their keys, from `first_day` on."""
    keys = _KEYS[table]
    within = pl.col("event_day") >= first_day
    added = pl.concat([empty_frame(table), *new]).filter(within)
    kept = earlier.filter(within)
    # Few users come back on a day: the rows of all others are neither added up nor sorted again.
    came_back = pl.col("user_id").is_in(added["user_id"].unique().implode())
    theirs = pl.concat([kept.filter(came_back), added]).group_by(*keys).agg(pl.exclude(*keys).sum())
    return kept.filter(~came_back).merge_sorted(_sorted(theirs.select(*kept.columns), keys), "user_id")


def _sorted(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """By the keys; texts by their places among the sorted distinct ones, which takes a part of the time."""
    texts = [name for name in keys if rows.schema[name] == pl.String]
    places = [
        pl.col(name).cast(pl.Enum(rows[name].unique().sort())).to_physical().alias(f"{name} place") for name in texts
    ]
    order = rows.select(*places, *(pl.col(name) for name in keys if name not in texts))
    by = [f"{name} place" if name in texts else name for name in keys]
    return rows[order.select(pl.arg_sort_by(*by)).to_series()]


@dataclass(frozen=True)
class CustomersBuild:
    """Of which `day` the state is, the first day that is kept, and the folder of each table to write to.

    `earlier` are the files of an earlier day's state to go on from, by table.
    """

    day: str
    first_day: date
    folders: Mapping[str, str]
    buckets: int
    earlier: Mapping[str, tuple[str, ...]]

    def split(self, files: Sequence[tuple[str, DayFile]]) -> Iterator[Mapping[int, pl.DataFrame]]:
        """Rows of the carried tables by the bucket of their user, from files of `user_days` or `interest_days`."""
        for table, file in files:
            for rows in read_pieces(file.path, _READ[table]):
                kept = rows.filter(pl.col("event_day") >= self.first_day)
                for part in _PARTS[table](kept):
                    yield by_bucket(part, "user_id", self.buckets)

    def combine(self, number: int, rows: list[pl.DataFrame]) -> Iterator[tuple[str, str]]:
        """Writes the bucket's rows of each table; gives table and path."""
        bucket = Bucket(number, self.buckets)
        for table in STATE:
            earlier = pl.DataFrame(read_bucket(table, self.earlier.get(table, ()), bucket)).drop("dt", strict=False)
            new = [each for each in rows if each.columns == TABLES[table].names]
            found = carried_on(table, earlier, new, self.first_day)
            if len(found):
                yield table, write_part(self.folders[table], table, self.day, found.to_arrow(), bucket)


def _of_user_days(counts: pl.DataFrame) -> list[pl.DataFrame]:
    return [days_of_counts(counts)]


def _of_interest_days(interests: pl.DataFrame) -> list[pl.DataFrame]:
    return [days_of_amounts(interests), interests_of_counts(interests)]


_PARTS = {"user_days": _of_user_days, "interest_days": _of_interest_days}
_READ = {
    "user_days": ("user_id", "event_day", "events", *BEHAVIORS, *_SESSIONS),
    "interest_days": tuple(TABLES["interest_days"].names),
}


def build_customers(
    spark: "SparkSession", build: CustomersBuild, counts: Sequence[tuple[str, DayFile]]
) -> Mapping[str, Sequence[str]]:
    """Write the carried tables from files of daily counts, each with its table's name; returns the paths by table."""
    groups = grouped_by_size([file.size for _, file in counts], _BYTES_A_TASK)
    inputs = [[counts[place] for place in group] for group in groups]
    written = exchange(spark, inputs, build.split, build.buckets, build.combine)
    return {table: [path for of, path in written if of == table] for table in build.folders}
