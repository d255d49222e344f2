"""Histories as scoring and packing get them: rows with the position-aligned lists of `sequences`."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa

from interest_spark.features.blocks.user_attributes import COLUMN
from interest_spark.schemas.tables import TABLES

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def as_histories(items: Sequence[Sequence[int]], **lists: Sequence[Sequence[Any] | None]) -> pa.Table:
    """A row a history of items; a view an hour, delivered at once, without price and category, unless `lists` say.

    `user_attributes` are there only if they do.
    """
    hours = [[START + timedelta(hours=hour) for hour in range(len(history))] for history in items]
    usual = {"behavior": 1, "price": None, "category": 0}
    columns: dict[str, Any] = {name: [[value] * len(history) for history in items] for name, value in usual.items()}
    columns |= {"item_index": items, "event_time": hours, "arrival_day": arrival_days(hours), **lists}
    rows = {name: [None if values is None else list(values) for values in column] for name, column in columns.items()}
    return pa.table({name: pa.array(values, _type(name)) for name, values in rows.items()})


def _type(name: str) -> pa.DataType:
    return pa.list_(pa.string()) if name == COLUMN else TABLES["sequences"].field(name).type


def arrival_days(times: Sequence[Sequence[datetime]]) -> list[list[int]]:
    """The days since 1970 of events that were delivered on their own UTC day."""
    return [[(time.date() - date(1970, 1, 1)).days for time in history] for history in times]
