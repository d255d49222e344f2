"""Every customer feature of one customer with a value that was computed by hand, and of one of whom little is known."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest

from interest_spark.features.customers.features import features_of
from interest_spark.schemas.customer_features import FEATURES, check_declarations
from tests.customer_world import NOTHING, carry, event, events_frame

DAY = date(2026, 6, 30)  # a Tuesday
CATALOGUE = pl.DataFrame(
    {
        "item_id": ["lamp", "desk", "tea"],
        "category": ["home", "home", "food"],
        "brand": ["ikon", "wood", None],
        "price_level": ["1 lowest", "5 highest", "3 middle"],
    },
)


def ago(days: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, 30, hour, minute, tzinfo=timezone.utc) - timedelta(days)


ANN = [
    event(ago(45, 10), platform="app", price=10.0),  # a Saturday
    event(ago(45, 10, 10), platform="app", behavior="cart", price=10.0),
    event(ago(45, 10, 20), platform="app", behavior="purchase", price=10.0, quantity=2.0),
    event(ago(30, 20), platform="web", item_id="desk"),  # a Sunday
    event(ago(30, 20, 10), platform="web", behavior="return", price=10.0, quantity=1.0),
    event(ago(30, 21), platform="web", item_id="desk"),
    event(ago(15, 3), platform="app", item_id="desk", behavior="purchase", price=100.0),  # a Monday
    event(ago(0, 12), platform="app", item_id="tea", behavior="search"),
    event(ago(0, 12, 6), platform="app", item_id="tea"),
    event(ago(0, 12, 12), platform="app", item_id="tea", behavior="favorite"),
]
BOB = [event(ago(100, 5), user_id="bob", item_id="unknown")]

HAND: dict[str, Any] = {
    "days_since_event": 0,
    "days_since_view": 0,
    "days_since_cart": 45,
    "days_since_favorite": 0,
    "days_since_purchase": 15,
    "days_since_search": 0,
    "days_since_return": 30,
    "tenure_days": 45,
    "buyer_days": 45,
    "events_7d": 3,
    "events_30d": 4,
    "events_90d": 10,
    "views_7d": 1,
    "views_30d": 1,
    "views_90d": 4,
    "clicks_30d": 0,
    "carts_7d": 0,
    "carts_30d": 0,
    "carts_90d": 1,
    "favorites_30d": 1,
    "favorites_90d": 1,
    "searches_30d": 1,
    "purchases_7d": 0,
    "purchases_30d": 1,
    "purchases_90d": 2,
    "returns_90d": 1,
    "active_days_7d": 1,
    "active_days_30d": 2,
    "active_days_90d": 4,
    "purchase_days_90d": 2,
    "events_decayed": 4.478380,  # 3 + 2^(-15/14) + 3 * 2^(-30/14) + 3 * 2^(-45/14)
    "purchases_decayed": 1.06066,  # 2^-0.5 + 2^-1.5
    "spent_7d": 0,
    "spent_30d": 100,
    "spent_90d": 120,
    "returned_90d": 10,
    "spent_decayed": 77.78175,  # 100 * 2^-0.5 + 20 * 2^-1.5
    "spent_per_purchase_90d": 60,
    "sessions_7d": 1,
    "sessions_30d": 2,
    "sessions_90d": 5,
    "session_minutes_30d": 6,  # (0 + 12) / 2
    "session_minutes_90d": 8.4,  # (20 + 10 + 0 + 0 + 12) / 5
    "session_depth_30d": 2,
    "session_depth_90d": 2,
    "searches_per_session_90d": 0.2,
    "cart_rate_90d": 0.25,
    "favorite_rate_90d": 0.25,
    "cart_to_purchase_90d": 2,
    "view_to_purchase_90d": 0.5,
    "return_rate_90d": 0.5,
    "purchase_interval_mean": 30,
    "purchase_interval_deviation": None,
    "visit_interval_mean": 15,
    "visit_interval_deviation": 0,
    "purchase_overdue": 0.5,  # 15 / 30
    "visit_overdue": 0,
    # Home 3 * 2^-1 + 3 * 2^(-2/3) + 2^(-1/3) = 4.183583, food 3, in all 7.183583
    "top_category": "home",
    "top_category_share": 0.582381,
    "category_entropy": 0.980328,
    "categories_30d": 2,
    "categories_90d": 2,
    "category_novelty_30d": 0.75,  # of four events one of home, known before, three of food
    "category_shift_30d": 0.75,  # home 1/4 and food 3/4, before home alone
    # Ikon 3 * 2^-1 + 2^(-2/3) = 2.129961, wood 2 * 2^(-2/3) + 2^(-1/3) = 2.053622
    "top_brand": "ikon",
    "top_brand_share": 0.509123,
    "brand_entropy": 0.999760,
    "brands_30d": 1,
    "brands_90d": 2,
    "brand_novelty_30d": 0,
    "brand_shift_30d": 2 / 3,  # wood alone, before ikon 4/6 and wood 2/6
    # Lowest as ikon, highest as wood, middle 3
    "top_price_level": "3 middle",
    "price_level_mean": 2.978746,  # (2.129961 + 3 * 3 + 5 * 2.053622) / 7.183583
    "price_level_entropy": 1.562570,
    "price_level_shift_30d": 0.75,  # (4/6 + 3/4 + (2/6 - 1/4)) / 2
    # Morning 1.5, evening 1.889882, night 0.793701, afternoon 3
    "night_share": 0.110488,
    "morning_share": 0.208810,
    "afternoon_share": 0.417619,
    "evening_share": 0.263083,
    "top_time_of_day": "afternoon",
    "time_of_day_shift_30d": 1,
    "monday_share_90d": 0.1,
    "tuesday_share_90d": 0.3,
    "wednesday_share_90d": 0,
    "thursday_share_90d": 0,
    "friday_share_90d": 0,
    "weekend_share_90d": 0.6,
    "top_platform": "app",
    "top_platform_share": 0.736917,  # (1.5 + 0.793701 + 3) / 7.183583
    "platforms_90d": 2,
    "events_trend_30d": -0.336472,  # ln(5 / 7)
    "views_trend_30d": -0.693147,  # ln(2 / 4)
    "carts_trend_30d": -0.693147,  # ln(1 / 2)
    "purchases_trend_30d": 0,
    "spent_trend_30d": 1.570598,  # ln(101 / 21)
    "sessions_trend_30d": -0.287682,  # ln(3 / 4)
    "session_minutes_trend_30d": -4,  # 12 / 2 - 30 / 3
    "session_depth_trend_30d": 0,
    "cart_rate_trend_30d": -1 / 3,  # 0 / 1 - 1 / 3
    "view_to_purchase_trend_30d": 2 / 3,  # 1 / 1 - 1 / 3
}


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    """The features of each user."""
    state = carry(NOTHING, [events_frame([*BOB, *ANN])], CATALOGUE, DAY - timedelta(179))
    return {row["user_id"]: row for row in features_of(*state, DAY, 180).to_pylist()}


def test_the_world_has_a_value_for_every_feature() -> None:
    check_declarations()
    assert list(HAND) == [each.name for each in FEATURES]


@pytest.mark.parametrize("name", HAND)
def test_a_feature_is_what_was_computed_by_hand(found: dict[str, dict[str, Any]], name: str) -> None:
    expected = HAND[name]
    value = found["ann"][name]
    assert value == (
        expected if expected is None or isinstance(expected, str) else pytest.approx(expected, rel=1e-6, abs=2e-6)
    )


def test_of_whom_little_is_known_what_is_missing_is_marked(found: dict[str, dict[str, Any]]) -> None:
    bob = found["bob"]
    known = {
        name: bob[name] for name in ("days_since_event", "days_since_view", "tenure_days", "events_90d", "night_share")
    }
    assert known == {
        "days_since_event": 100,
        "days_since_view": 100,
        "tenure_days": 100,
        "events_90d": 0,
        "night_share": 1.0,
    }
    for row in found.values():
        for each in FEATURES:
            assert (row[each.name] is None) == (each.indicator is not None and row[each.indicator]), each.name
    missing = {each.name for each in FEATURES if bob[each.name] is None}
    assert {"days_since_purchase", "cart_rate_90d", "top_category", "category_entropy", "top_platform"} <= missing


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "totals"}, "feature events_7d: unknown totals"),
        ({"of": "glances"}, "unknown glances"),
        ({"interest": "colour"}, "unknown colour"),
        ({"days": 0}, "neither days nor half_life"),
        ({"missing": "group"}, "missing: group with by: ''"),
    ],
)
def test_a_declaration_that_says_what_nobody_knows_is_named(changes: dict[str, Any], said: str) -> None:
    (declared,) = (each for each in FEATURES if each.name == "events_7d")
    with pytest.raises(ValueError, match=said):
        check_declarations((replace(declared, **changes),))
