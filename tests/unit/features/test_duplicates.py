"""Which lines are copies: of an earlier line of the delivery, or of an event of an earlier day; and where they meet."""

from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.features.events.buckets import plan_buckets
from interest_spark.features.events.duplicates import mark_duplicates
from tests.unit.sources import spark_typing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KEYS = ("user_id", "price")
VALUES = st.tuples(st.sampled_from(["a", "a\0", "b", None]), st.sampled_from([0.0, -0.0, 1.5, None]))
LINES = st.lists(VALUES, max_size=12)
SCHEMA = {"user_id": pl.String, "price": pl.Float64}


def frame(values: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(values, SCHEMA, orient="row")


@given(lines=LINES, earlier=st.lists(VALUES, max_size=4))
def test_the_first_line_is_the_original_unless_an_earlier_day_has_it(lines: list[Any], earlier: list[Any]) -> None:
    seen, expected = set(earlier), []  # of 0.0 and -0.0 a set holds one, as equality does
    for values in lines:
        expected.append(values in seen)
        seen.add(values)
    assert mark_duplicates(frame(lines), frame(earlier), KEYS).to_list() == expected


@settings(max_examples=2)
@given(lines=st.lists(VALUES, min_size=50, max_size=50), earlier=st.lists(VALUES, max_size=4))
def test_spark_finds_the_same(spark: "SparkSession", lines: list[Any], earlier: list[Any]) -> None:
    schema = "user_id string, price double, dt string"
    rows = [(*values, "2026-01-02", "f", number, None, None, None, None) for number, values in enumerate(lines)]
    further = (
        "source_file string, source_line bigint, raw string, reason string, file_fault string, delivery_day string"
    )
    read = spark.createDataFrame(rows, f"{schema}, {further}")
    known = spark.createDataFrame([(*values, "2026-01-01") for values in earlier], schema)
    marked = spark_typing.mark_duplicates(read, known, KEYS).collect()
    expected = [row.duplicate for row in sorted(marked, key=lambda row: row.source_line)]
    assert mark_duplicates(frame(lines), frame(earlier), KEYS).to_list() == expected


ROWS = st.dictionaries(st.integers(0, 30), st.integers(1, 2_000_000), max_size=12)


@given(rows=ROWS, cores=st.integers(1, 8), by_time=st.booleans())
def test_buckets_are_bounded_and_copies_meet(rows: dict[int, int], cores: int, by_time: bool) -> None:
    keys = ("user_id", "event_time") if by_time else ("user_id",)
    buckets = plan_buckets(keys, rows, cores)
    held = [0.0] * buckets.count
    for day, count in (rows if by_time else {0: sum(rows.values())}).items():
        for place in range(buckets.first[day], buckets.first[day] + buckets.parts[day]):
            held[place] += count / buckets.parts[day]
    assert max(held) <= 400_000
    times = pl.Series(sorted(rows) * 2, dtype=pl.Int64) * 86_400_000_000
    lines = pl.DataFrame({"event_time": times}).with_columns(
        pl.col("event_time").cast(pl.Datetime("us", "UTC")), user_id=pl.lit("u")
    )
    parts = buckets.split(lines)
    assert sum(map(len, parts.values())) == len(lines)
    for part in parts.values():
        assert (part.group_by("event_time").len()["len"] % 2 == 0).all()
    unknown = lines.with_columns(pl.col("event_time") + pl.duration(days=100))
    assert not by_time or not buckets.split(unknown)
