"""Customer features of a day: every declared one of every user, a bucket of users in each task."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.features.customers.carried import DAYS, INTERESTS
from interest_spark.features.customers.customers import Customers
from interest_spark.features.customers.formulas import compute
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.schemas.customer_features import FEATURES
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import Bucket, read_bucket
from interest_spark.storage.parts import read_columns, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FEATURE_TABLE = "customer_features"


def features_of(days: pl.DataFrame, interests: pl.DataFrame, day: date, window_days: int) -> pa.Table:
    """Rows of `customer_features` as of the day, in the order of `user_id`, from rows of the carried tables."""
    customers = Customers.of(days, interests, day, window_days)
    columns: dict[str, pa.Array] = {"user_id": customers.days.users.to_arrow()}
    for feature in FEATURES:
        columns[feature.name] = compute(feature, customers).column(feature.type)
        if feature.indicator:
            columns[feature.indicator] = pc.is_null(columns[feature.name])
    schema = TABLES[FEATURE_TABLE]
    return pa.table([columns[name].cast(schema.field(name).type) for name in schema.names], schema)


@dataclass(frozen=True)
class StateBuckets:
    """The carried tables of a `day` by bucket, of everybody but `bots`; `days` and `interests` are their files."""

    day: date
    window_days: int
    buckets: int
    days: tuple[str, ...]
    interests: tuple[str, ...]
    bots: tuple[str, ...]
    folder: str

    def read(self, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The bucket's rows of both tables, of people alone, in the order of their keys."""
        bots = read_columns(self.bots, user_id=pl.String)["user_id"]
        bucket = Bucket(number, self.buckets)
        tables = ((DAYS, self.days), (INTERESTS, self.interests))
        days, interests = (pl.DataFrame(read_bucket(table, files, bucket)) for table, files in tables)
        of_people = ~pl.col("user_id").is_in(bots.implode())
        return days.filter(of_people), interests.filter(of_people)

    def write_features(self, number: int) -> Iterator[str]:
        """Writes the bucket's rows of `customer_features`; gives the path, if there are any."""
        found = features_of(*self.read(number), self.day, self.window_days)
        if len(found):
            bucket = Bucket(number, self.buckets)
            yield write_part(self.folder, FEATURE_TABLE, self.day.isoformat(), found, bucket)


def build_features(spark: "SparkSession", build: StateBuckets) -> Sequence[str]:
    """Write `customer_features`; returns the paths."""
    return each_in_a_task(spark, range(build.buckets), build.write_features)
