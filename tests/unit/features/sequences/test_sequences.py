"""Histories cut from sorted rows equal those built one by one, whatever the batches."""

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.features.sequences.histories import build_sequences, catalogue_of, histories, whole_users

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
USERS = st.dictionaries(
    st.text("ab用", min_size=1, max_size=3), st.lists(st.integers(2, 9), min_size=1, max_size=12), min_size=1
)


def rows_of(users: dict[str, list[int]]) -> pa.Table:
    flat = [(user, item, place) for user in sorted(users) for place, item in enumerate(users[user])]
    return pa.table(
        {
            "user_id": pa.array([user for user, _, _ in flat], pa.string()),
            "item_index": pa.array([item for _, item, _ in flat], pa.int32()),
            "behavior": pa.array([1 + item % 3 for _, item, _ in flat], pa.int32()),
            "event_time": pa.array([START + timedelta(hours=place) for _, _, place in flat], pa.timestamp("us", "UTC")),
            "price": pa.array([None if item % 2 else item / 2 for _, item, _ in flat], pa.float64()),
            "category": pa.array([item % 4 for _, item, _ in flat], pa.int32()),
            "arrival_day": pa.array([100 + item % 5 for _, item, _ in flat], pa.int32()),
        }
    )


@given(USERS, st.integers(1, 5), st.integers(1, 7))
def test_each_user_has_the_last_events_in_order_and_all_distinct_items(
    users: dict[str, list[int]], max_length: int, batch_rows: int
) -> None:
    batches = iter(rows_of(users).to_batches(max_chunksize=batch_rows))
    found = [row for table in whole_users(batches) for row in histories(table, max_length).to_pylist()]
    assert [row["user_id"] for row in found] == sorted(users)
    for row in found:
        items = users[row["user_id"]]
        first = max(len(items) - max_length, 0)
        assert row["item_index"] == items[first:]
        assert row["behavior"] == [1 + item % 3 for item in items[first:]]
        assert row["price"] == [None if item % 2 else item / 2 for item in items[first:]]
        assert row["category"] == [item % 4 for item in items[first:]]
        assert row["arrival_day"] == [100 + item % 5 for item in items[first:]]
        assert row["event_time"] == [START + timedelta(hours=place) for place in range(first, len(items))]
        assert row["seen"] == sorted(set(items))
        assert row["events"] == len(items)


def test_no_batch_and_empty_batches_give_no_users() -> None:
    empty = rows_of({"a": [2]}).slice(0, 0).to_batches() or [pa.RecordBatch.from_pylist([], rows_of({"a": [2]}).schema)]
    assert list(whole_users(iter(empty))) == []
    assert list(whole_users(iter([]))) == []


def test_an_event_has_the_day_that_delivered_it_whenever_it_happened(spark: "SparkSession") -> None:
    rows = [("u", "b", 9, "2026-01-01"), ("u", "a", 8, "2026-01-03"), ("u", "a", 10, "2026-01-02")]
    columns = "user_id string, item_id string, hour int, dt string"
    events = spark.createDataFrame(rows, columns).selectExpr(
        "user_id",
        "item_id",
        "'view' AS behavior",
        "timestamp '2026-01-01 00:00:00Z' + make_interval(0, 0, 0, 0, hour) AS event_time",
        "double(null) AS price",
        "'f' AS source_file",
        "1L AS source_line",
        "dt",
    )
    catalogue = spark.createDataFrame([("a", 2, 0), ("b", 3, 0)], "item_id string, item_index int, category int")
    (row,) = build_sequences(events, catalogue, max_length=5, partitions=1, dt="2026-01-03").collect()
    assert row.item_index == [2, 3, 2]
    assert [date(1970, 1, 1) + timedelta(days=day) for day in row.arrival_day] == [
        date(2026, 1, 3),
        date(2026, 1, 1),
        date(2026, 1, 2),
    ]


def test_a_category_is_its_permanent_number_and_0_without_one(spark: "SparkSession") -> None:
    vocab = spark.createDataFrame([("a", 2), ("b", 3), ("c", 4), ("d", 5)], "item_id string, item_index int")
    named = [("a", "books"), ("b", "home/厨房"), ("c", None), ("never seen", "books")]
    items = spark.createDataFrame(named, "item_id string, category string")
    numbers = [("books", 7), ("home/厨房", 1), ("of another day", 8)]
    categories = spark.createDataFrame(numbers, "category string, category_index int")
    rows = catalogue_of(vocab, items, categories).collect()
    assert len(rows) == 4
    assert {row.item_id: (row.item_index, row.category) for row in rows} == {
        "a": (2, 7),
        "b": (3, 1),
        "c": (4, 0),
        "d": (5, 0),
    }
