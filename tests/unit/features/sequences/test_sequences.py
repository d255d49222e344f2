"""Histories equal those built one by one, however the events are cut into pieces and buckets."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.features.sequences.catalogue import read_categories, read_numbers
from interest_spark.features.sequences.histories import Window, histories, interest_rows
from interest_spark.platform.tasks import by_bucket
from interest_spark.schemas.behaviors import BEHAVIORS

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
ITEMS = [f"i{number}" for number in range(2, 10)]
NUMBERS = pl.DataFrame(
    {"item_id": ITEMS, "item_index": range(2, 10)}, schema={"item_id": pl.String, "item_index": pl.Int32}
)
CATEGORY_OF = np.arange(10, dtype=np.int32) % 4
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "user_id": st.text("ab用", min_size=1, max_size=2),
            "item_id": st.sampled_from(ITEMS),
            "behavior": st.sampled_from(["view", "purchase", "search"]),
            "hour": st.integers(0, 5),
            "price": st.none() | st.integers(0, 4).map(float),
            "source_file": st.sampled_from(["f", "g"]),
            "day": st.integers(0, 2),
        }
    ),
    min_size=1,
)


def frame_of(events: list[dict[str, object]]) -> pl.DataFrame:
    columns = ("user_id", "item_id", "behavior", "price", "source_file", "source_line")
    rows = {name: [event[name] for event in events] for name in columns}
    times = [START + timedelta(hours=int(str(event["hour"]))) for event in events]
    types = {"user_id": pl.String, "item_id": pl.String, "behavior": pl.String, "source_file": pl.String}
    schema = {**types, "price": pl.Float64, "source_line": pl.Int64, "event_time": pl.Datetime("us", "UTC")}
    return pl.DataFrame({**rows, "event_time": times}, schema=schema)


@given(EVENTS, st.integers(1, 5), st.integers(1, 3), st.integers(1, 4))
def test_each_user_has_the_last_events_in_order_and_all_distinct_items(
    drawn: list[dict[str, object]], max_length: int, pieces: int, buckets: int
) -> None:
    events = [{**event, "source_line": line} for line, event in enumerate(drawn)]
    parts: dict[int, list[pl.DataFrame]] = {bucket: [] for bucket in range(buckets)}
    for day in range(3):
        delivered = [event for event in events if event["day"] == day]
        for piece in range(pieces):
            rows = interest_rows(frame_of(delivered[piece::pieces]), NUMBERS, ["view", "purchase"], day)
            for bucket, part in by_bucket(rows, "user_id", buckets).items():
                parts[bucket].append(part)
    window, full = Window(max_length), [pl.concat(given) for given in parts.values() if given]
    found = [row for rows in full for row in histories(rows, CATEGORY_OF, window).to_pylist()]
    assert sorted(row["user_id"] for row in found) == sorted({str(event["user_id"]) for event in events})
    for row in found:
        own = [event for event in events if event["user_id"] == row["user_id"] and event["behavior"] != "search"]
        own.sort(key=lambda event: tuple(event[name] for name in ("hour", "day", "source_file", "source_line")))  # type: ignore[arg-type, return-value]
        items, last = [ITEMS.index(str(event["item_id"])) + 2 for event in own], own[-max_length:]
        assert row["item_index"] == items[-max_length:]
        assert row["behavior"] == [BEHAVIORS.index(str(event["behavior"])) + 1 for event in last]
        assert row["price"] == [event["price"] for event in last]
        assert row["category"] == [item % 4 for item in items[-max_length:]]
        assert row["arrival_day"] == [event["day"] for event in last]
        assert row["event_time"] == [START + timedelta(hours=int(str(event["hour"]))) for event in last]
        assert (row["seen"], row["events"]) == (sorted(set(items)), len(items))


def test_an_event_has_the_day_that_delivered_it_whenever_it_happened() -> None:
    def delivered(day: date, item: str, hour: int) -> pl.DataFrame:
        event = {"user_id": "u", "item_id": item, "behavior": "view", "hour": hour, "price": None}
        frame = frame_of([{**event, "source_file": "f", "source_line": 1}])
        return interest_rows(frame, NUMBERS, ["view"], (day - date(1970, 1, 1)).days)

    days = [date(2026, 1, 1), date(2026, 1, 3), date(2026, 1, 2)]
    rows = [delivered(day, item, hour) for day, item, hour in zip(days, ("i3", "i2", "i2"), (9, 8, 10), strict=True)]
    (row,) = histories(pl.concat(rows), CATEGORY_OF, Window(max_length=5)).to_pylist()
    assert row["item_index"] == [2, 3, 2]
    assert [date(1970, 1, 1) + timedelta(days=day) for day in row["arrival_day"]] == [days[1], days[0], days[2]]


def test_a_category_is_its_permanent_number_and_0_without_one(tmp_path: Path) -> None:
    def file(name: str, **columns: pa.Array) -> tuple[str, ...]:
        pq.write_table(pa.table(columns), tmp_path / name)
        return (str(tmp_path / name),)

    ids = ["a", "b", "c", "d"]
    vocab = file("vocab", item_id=pa.array(ids), item_index=pa.array([2, 3, 4, 5], pa.int32()))
    named = pa.array(["books", "home/厨房", None, "books"])
    items = file("items", item_id=pa.array(["a", "b", "c", "never seen"]), category=named)
    words, numbers = pa.array(["books", "home/厨房", "of another day"]), pa.array([7, 1, 8], pa.int32())
    by_number = read_categories(vocab, items, file("categories", category=words, category_index=numbers))
    assert by_number.tolist() == [0, 0, 7, 1, 0, 0]
    assert read_categories(vocab, (), ()).tolist() == [0] * 6


def test_numbers_are_read_from_files_of_every_release(tmp_path: Path) -> None:
    """A table that has got a column holds files with it and files without it."""
    indices = {"old": 2, "new": 3}
    for name, index in indices.items():
        columns = {"item_id": pa.array([name]), "item_index": pa.array([index], pa.int32())}
        added = {"first_day": pa.array(["2026-01-01"])} if name == "new" else {}
        pq.write_table(pa.table({**columns, **added}), tmp_path / name)
    rows = read_numbers(tuple(str(tmp_path / name) for name in indices))
    assert sorted(rows.rows()) == [("new", 3), ("old", 2)]
