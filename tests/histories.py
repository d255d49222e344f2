"""Histories as scoring and packing get them: rows with the position-aligned lists of `sequences`."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa

from interest_spark.schemas.tables import TABLES

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def as_histories(items: Sequence[Sequence[int]], **lists: Sequence[Sequence[Any]]) -> pa.Table:
    """A row a history of items; a view an hour, delivered at once, without price and category, unless `lists` say."""
    hours = [[START + timedelta(hours=hour) for hour in range(len(history))] for history in items]
    usual = {"behavior": 1, "price": None, "category": 0}
    columns = {name: [[value] * len(history) for history in items] for name, value in usual.items()}
    columns |= {"item_index": items, "event_time": hours, "arrival_day": arrival_days(hours), **lists}
    rows = {name: [list(values) for values in column] for name, column in columns.items()}
    return pa.table({name: pa.array(values, TABLES["sequences"].field(name).type) for name, values in rows.items()})


def arrival_days(times: Sequence[Sequence[datetime]]) -> list[list[int]]:
    """The days since 1970 of events that were delivered on their own UTC day."""
    return [[(time.date() - date(1970, 1, 1)).days for time in history] for history in times]
