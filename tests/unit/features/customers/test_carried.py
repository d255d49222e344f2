"""What is carried of customers is the same delivery by delivery and all at once, and holds what the events say."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.customer_world import NOTHING, State, carry, event, events_frame

FIRST = date(2026, 3, 6)  # two days before New York changes its clocks
ITEMS = ["a", "b", "c", "unknown"]
CATALOGUE = pl.DataFrame(
    {
        "item_id": ITEMS[:3],
        "category": ["x", "y", "y"],
        "brand": ["m", None, "n"],
        "price_level": ["1 lowest", "5 highest", None],
    }
)
EVENTS = st.builds(
    lambda minutes, user, item, behavior, platform, price, quantity: event(
        datetime(2026, 3, 6, tzinfo=timezone.utc) + timedelta(minutes=minutes),
        user_id=user,
        item_id=item,
        behavior=behavior,
        platform=platform,
        price=price,
        quantity=quantity,
    ),
    st.integers(0, 5 * 1440 - 1),
    st.sampled_from(["u", "v", "用户"]),
    st.sampled_from(ITEMS),
    st.sampled_from(["view", "cart", "purchase", "return", "search"]),
    st.sampled_from([None, "app", "web"]),
    st.sampled_from([None, 0.01, 59.9, 1e300]),
    st.sampled_from([None, 3.0]),
)
DELIVERED = st.lists(st.tuples(st.integers(0, 4), EVENTS), max_size=40)
ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"])


def deliveries(delivered: list[tuple[int, dict[str, Any]]]) -> list[pl.DataFrame]:
    return [events_frame(each for day, each in delivered if day == number) for number in range(5)]


def same(first: State, second: State) -> bool:
    return all(one.equals(other) for one, other in zip(first, second, strict=True))


@given(DELIVERED, ZONES, st.integers(0, 4))
@settings(max_examples=40)
def test_day_by_day_equals_all_at_once(delivered: list[tuple[int, dict[str, Any]]], zone: str, kept: int) -> None:
    """The window forgets a day each night; late events and both changes of days are among them."""
    parts, state = deliveries(delivered), NOTHING
    for number, each in enumerate(parts):
        state = carry(state, [each], CATALOGUE, FIRST + timedelta(number - kept), zone)
    assert same(state, carry(NOTHING, parts, CATALOGUE, FIRST + timedelta(4 - kept), zone))


@given(DELIVERED)
@settings(max_examples=40)
def test_counts_and_amounts_are_those_of_the_events(delivered: list[tuple[int, dict[str, Any]]]) -> None:
    days, interests = carry(NOTHING, deliveries(delivered), CATALOGUE, FIRST - timedelta(30))
    events = [each for _, each in delivered]
    assert days["events"].sum() == days["session_events"].sum() == len(events)
    paid = [each for each in events if each["behavior"] == "purchase" and each["price"] is not None]
    spent = sum(min(round(each["price"] * (each["quantity"] or 1) * 10_000), 10**14) for each in paid)
    assert days["spent"].sum() == spent
    by_kind = dict(interests.group_by("kind").agg(pl.col("events").sum()).iter_rows())
    expected = {
        "time_of_day": len(events),
        "category": sum(each["item_id"] != "unknown" for each in events),
        "brand": sum(each["item_id"] in ("a", "c") for each in events),
        "platform": sum(each["platform"] is not None for each in events),
    }
    assert {kind: by_kind.get(kind, 0) for kind in expected} == expected
