"""The day of a line, and which times are out of range: as Spark's own expressions have it."""

import random
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from interest_spark.config.ingest import IngestConfig
from interest_spark.features.events.days import DayRules
from tests.unit.sources import spark_typing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCHEMA = {
    "number": pl.Int64,
    "delivery_day": pl.String,
    "event_time": pl.Datetime("us", "UTC"),
    "reason": pl.String,
}
UNDATABLE = date(2026, 5, 1)


def a_row(rng: random.Random, number: int, days: list[str | None]) -> tuple[Any, ...]:
    day = rng.choice(days)
    around = datetime.fromisoformat(day or "2026-03-29").replace(tzinfo=timezone.utc)
    odd = [None, datetime(1, 1, 1, tzinfo=timezone.utc), datetime(9999, 12, 31, 23, tzinfo=timezone.utc)]
    odd += [datetime(1970, 1, 1, tzinfo=timezone.utc), datetime(2100, 1, 1, tzinfo=timezone.utc)]
    near = (
        around + timedelta(minutes=rng.randrange(-10 * 1440, 3 * 1440, 30)) - timedelta(microseconds=rng.randint(0, 1))
    )
    time = near if rng.random() < 0.9 else rng.choice(odd)
    return number, day, time, None if time and rng.random() < 0.9 else "bad_time"


@pytest.mark.parametrize("late", [0, 7, 36_525])
@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/Sao_Paulo", "Pacific/Apia"])
def test_days_and_times_out_of_range(spark: "SparkSession", zone: str, late: int) -> None:
    rng = random.Random(f"{zone} {late}")
    days = [None, "2018-11-04", "2011-12-31", "2026-03-29", "2026-10-25", "2026-10-26"]
    rows = [a_row(rng, number, days) for number in range(300)]
    bounds = {"first_day": date(2018, 11, 3), "last_day": date(2026, 10, 25)} if late == 7 else {}
    ingest = IngestConfig(max_late_days=late, **bounds)
    read = pl.DataFrame(rows, SCHEMA, orient="row")
    found = DayRules(ingest, ZoneInfo(zone), UNDATABLE).assign(read).select("number", "reason", "dt").rows()
    in_spark = spark.createDataFrame(rows, "number bigint, delivery_day string, event_time timestamp, reason string")
    dated = spark_typing.assign_days(in_spark, ingest, ZoneInfo(zone), UNDATABLE)
    assert found == sorted(map(tuple, dated.select("number", "reason", "dt").collect()))
