"""Histories carried on from day to day equal those built in one go, whatever came late and wherever one goes on."""

from datetime import datetime, timedelta, timezone

import numpy as np
import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.features.sequences.histories import Window, histories, interest_rows

NOON = datetime(1970, 1, 11, 12, tzinfo=timezone.utc)  # of the day 10
ITEMS = pl.DataFrame(
    {"item_id": list("abcdef"), "item_index": range(2, 8)}, schema={"item_id": pl.String, "item_index": pl.Int32}
)
CATEGORY_OF = np.arange(8, dtype=np.int32) % 3
EVENT = st.tuples(
    st.integers(0, 5),  # day of arrival
    st.integers(0, 4),  # days late
    st.sampled_from([-12, -1, 0, 11]),  # hours from noon
    st.sampled_from("uvwx"),
    st.sampled_from("abcdef"),
    st.sampled_from(["view", "search"]),
    st.none() | st.integers(0, 3).map(float),
)


def delivered(events: list[tuple], day: int) -> pl.DataFrame:
    own = [(line, event) for line, event in enumerate(events) if event[0] == day]
    frame = pl.DataFrame(
        {
            "user_id": [event[3] for _, event in own],
            "item_id": [event[4] for _, event in own],
            "behavior": [event[5] for _, event in own],
            "event_time": [NOON + timedelta(days=day - event[1], hours=event[2]) for _, event in own],
            "price": [event[6] for _, event in own],
            "source_file": [f"{day}/{line % 2}" for line, _ in own],
            "source_line": [line for line, _ in own],
        },
        schema={
            **dict.fromkeys(("user_id", "item_id", "behavior", "source_file"), pl.String),
            "event_time": pl.Datetime("us", "UTC"),
            "price": pl.Float64,
            "source_line": pl.Int64,
        },
    )
    return interest_rows(frame, ITEMS, ["view"], 10 + day)


@given(
    st.lists(EVENT, max_size=40),
    st.integers(1, 4),
    st.none() | st.integers(1, 4),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
    st.sets(st.integers(0, 4)),
)
@settings(max_examples=200)
def test_carried_equals_built(
    events: list[tuple], max_length: int, history_days: int | None, zone: str, made: set[int]
) -> None:
    """`made`: the days on which histories were made at all."""
    carried: pa.Table | None = None
    waiting: list[pl.DataFrame] = []
    for day in range(6):
        waiting.append(delivered(events, day))
        if day not in made and day != 5:
            continue
        window = Window(max_length, None if history_days is None else 10 + day - history_days + 1, zone)
        carried = histories(pl.concat(waiting), CATEGORY_OF, window, carried)
        built = histories(pl.concat(delivered(events, each) for each in range(day + 1)), CATEGORY_OF, window)
        assert carried.to_pylist() == built.to_pylist()
        waiting = []


@given(st.lists(EVENT, max_size=40), st.integers(1, 3))
def test_within_a_window_of_days_only_their_events_count(events: list[tuple], history_days: int) -> None:
    window = Window(50, 15 - history_days + 1, "UTC")
    found = histories(pl.concat(delivered(events, day) for day in range(6)), CATEGORY_OF, window).to_pylist()
    assert [row["user_id"] for row in found] == sorted({event[3] for event in events})
    for row in found:
        own = [event for event in events if event[3] == row["user_id"] and event[5] == "view"]
        days = [10 + event[0] - event[1] for event in own]
        recent = [event for event, day in zip(own, days, strict=True) if day >= window.first_day]
        assert row["events"] == len(row["item_index"]) == sum(row["active_day_events"]) == len(recent)
        assert row["active_day"] == sorted({day for day in days if day >= window.first_day})
        recent.sort(key=lambda event: event[0] - event[1])
        last_day = {event[4]: 10 + event[0] - event[1] for event in recent}
        assert dict(zip(row["seen"], row["seen_day"], strict=True)) == {
            "abcdef".index(item) + 2: day for item, day in last_day.items()
        }
