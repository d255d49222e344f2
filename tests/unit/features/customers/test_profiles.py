"""Profiles find the interests that were planted, what became of them, and what somebody came for today."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import polars as pl
import pytest

from interest_spark.config.profiles import ProfilesConfig
from interest_spark.features.customers.profiles import profiles_of
from interest_spark.steps.profiles import profile_rules
from tests.customer_world import NOTHING, carry, event, events_frame

RULES = profile_rules(ProfilesConfig())
DAY = date(2026, 6, 30)
USERS, CATEGORIES, OF_EACH = 300, 40, 5
CATALOGUE = pl.DataFrame(
    {
        "item_id": [f"i{n}" for n in range(CATEGORIES)],
        "category": [f"c{n}" for n in range(CATEGORIES)],
        "brand": [None] * CATEGORIES,
        "price_level": [None] * CATEGORIES,
    },
    schema=dict.fromkeys(("item_id", "category", "brand", "price_level"), pl.String),
)

Event = tuple[int, int, datetime]  # user, category, when


def at(days_ago: float) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, 20, tzinfo=timezone.utc) - timedelta(days=days_ago)


def profiles(events: Iterator[Event] | list[Event], kind: str = "category") -> pl.DataFrame:
    made = (event(when, user_id=f"u{user}", item_id=f"i{category}") for user, category, when in events)
    state = carry(NOTHING, [events_frame(made)], CATALOGUE, DAY - timedelta(179))
    found = pl.DataFrame(profiles_of(*state, DAY, RULES))
    return found.filter(pl.col("interest") == kind)


def planted(events_each: int) -> Iterator[Event]:
    """User u likes categories u … u + 4: nine of ten events are of these, at random, over 60 days."""
    rng = np.random.default_rng(7)
    for user in range(USERS):
        for _ in range(events_each):
            liked = rng.random() < 0.9
            category = (user + rng.integers(OF_EACH)) if liked else rng.integers(CATEGORIES)
            yield user, int(category % CATEGORIES), at(60 * rng.random())


@pytest.mark.parametrize(("events_each", "least"), [(20, 0.8), (5, 0.6)])
def test_the_five_first_interests_are_the_planted_ones(events_each: int, least: float) -> None:
    """Precision@5: a place that the profile leaves empty counts as wrong."""
    found = profiles(planted(events_each)).filter(pl.col("rank") <= OF_EACH)
    user, category = (found[name].str.slice(1).cast(pl.Int64) for name in ("user_id", "name"))
    hits = (((category - user) % CATEGORIES) < OF_EACH).sum()
    assert hits / (USERS * OF_EACH) >= least


def drifting() -> Iterator[Event]:
    """In 60 events over 60 days a user's first category rises from 20 to 60 %, the second one falls as much."""
    rng = np.random.default_rng(8)
    for user in range(USERS):
        for _ in range(60):
            days_ago = 60 * rng.random()
            rising = 0.6 - 0.4 * days_ago / 60
            drawn = rng.random()
            category = user if drawn < rising else user + 1 if drawn < 0.8 else user + 2 + rng.integers(3)
            yield user, int(category % CATEGORIES), at(days_ago)


def test_the_trend_has_the_sign_of_the_planted_drift() -> None:
    found = profiles(drifting())
    offset = (found["name"].str.slice(1).cast(pl.Int64) - found["user_id"].str.slice(1).cast(pl.Int64)) % CATEGORIES
    trend = found["trend"].fill_null(0.0)
    right = [*(trend.filter(offset == 0) > 0), *(trend.filter(offset == 1) < 0)]
    assert len(right) > 1.9 * USERS
    assert sum(right) / len(right) >= 0.9


@pytest.mark.parametrize("days_between", [0.0, 1.0])
def test_short_term_interest_follows_a_switch_within_ten_events(days_between: float) -> None:
    """After 100 events of one category, the last of them on the same day or the day before, ten of another one."""
    before = [(0, 1, at(days_between + 0.1 + n / 200)) for n in range(100)]
    found = profiles([*before, *((0, 2, at(n / 1_000)) for n in range(10))])
    short = {row["name"]: row["short_term"] for row in found.iter_rows(named=True)}
    long = {row["name"]: row["value"] for row in found.iter_rows(named=True)}
    assert short["c2"] > 0.5 > short["c1"]
    assert long["c1"] > 0.5 > long["c2"]


def test_the_figures_of_two_interests_by_hand() -> None:
    """A purchase 45 days ago weighs 5 / 2, a view of today 1; of two events 1.5 are left."""
    purchase = event(at(45), behavior="purchase", item_id="i1")
    state = carry(NOTHING, [events_frame([purchase, event(at(0), item_id="i2")])], CATALOGUE, DAY - timedelta(179))
    found = pl.DataFrame(profiles_of(*state, DAY, RULES)).filter(pl.col("interest") == "category")
    rows: list[dict[str, Any]] = [dict(row) for row in found.iter_rows(named=True)]
    assert [(row["name"], row["rank"], row["evidence"]) for row in rows] == [("c1", 1, 1), ("c2", 2, 1)]
    assert [row["value"] for row in rows] == pytest.approx([2.5 / 3.5, 1 / 3.5])
    old = 5 * 2 ** -(45 / 14 + 1 / 5)  # one event came later
    assert [row["short_term"] for row in rows] == pytest.approx([old / (old + 1), 1 / (old + 1)], rel=1e-5)
    assert [row["confidence"] for row in rows] == pytest.approx([1.5 / 6.5] * 2)
    assert [row["trend"] for row in rows] == pytest.approx([-1 / 36, 1 / 36])  # one event before, and one of late
    assert [row["first_seen"] for row in rows] == [DAY - timedelta(45), DAY]
    assert {row["half_life_days"] for row in rows} == {45.0}
    assert {row["version"] for row in rows} == {RULES.version}


def test_a_behavior_without_a_weight_is_no_interest() -> None:
    state = carry(NOTHING, [events_frame([event(at(1), behavior="return")])], CATALOGUE, DAY - timedelta(179))
    assert profiles_of(*state, DAY, RULES).num_rows == 0
