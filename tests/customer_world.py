"""Events to what is carried of customers, without Spark: as the steps do it, delivery by delivery or all at once."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from interest_spark.config.bots import BotsConfig
from interest_spark.features.customers.carried import (
    DAYS,
    INTERESTS,
    carried_on,
    days_of_amounts,
    days_of_counts,
    interests_of_counts,
)
from interest_spark.features.customers.interest_days import EVENT_COLUMNS, count_interests
from interest_spark.features.daily import counts
from interest_spark.storage.parts import empty_frame

State = tuple[pl.DataFrame, pl.DataFrame]
"""Rows of `customer_days` and `customer_interests`."""

EVENT: dict[str, Any] = {
    "user_id": "ann",
    "item_id": "lamp",
    "behavior": "view",
    "quantity": None,
    "price": None,
    "platform": None,
}
_TYPES = {
    **dict.fromkeys(("user_id", "item_id", "behavior", "platform"), pl.String),
    "event_time": pl.Datetime("us", "UTC"),
    **dict.fromkeys(("quantity", "price"), pl.Float64),
}
SCHEMA = {name: _TYPES[name] for name in EVENT_COLUMNS}
NOTHING: State = (empty_frame(DAYS), empty_frame(INTERESTS))


def event(event_time: datetime, **changes: Any) -> dict[str, Any]:
    return {**EVENT, "event_time": event_time, **changes}


def events_frame(events: Iterable[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(list(events), schema=SCHEMA)


def carry(
    earlier: State, deliveries: Sequence[pl.DataFrame], catalogue: pl.DataFrame, first_day: date, zone: str = "UTC"
) -> State:
    """The state from an earlier one and the deliveries since, each with the columns of EVENT_COLUMNS."""
    rules = counts.CountingRules(zone, 1_800, BotsConfig())
    user_days = [counts.count_day(each.select(counts.EVENT_COLUMNS), rules)["user_days"] for each in deliveries]
    interest_days = [pl.DataFrame(count_interests(each, catalogue, zone)) for each in deliveries]
    days = [*(days_of_counts(pl.DataFrame(each)) for each in user_days), *map(days_of_amounts, interest_days)]
    return (
        carried_on(DAYS, earlier[0], days, first_day),
        carried_on(INTERESTS, earlier[1], [interests_of_counts(each) for each in interest_days], first_day),
    )
