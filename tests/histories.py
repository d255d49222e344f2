"""Histories as scoring and packing get them: rows with the position-aligned lists of `sequences`."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow as pa

from interest_spark.schemas.tables import TABLES

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def as_histories(items: Sequence[Sequence[int]], **lists: Sequence[Sequence[Any]]) -> pa.Table:
    """A row a history of items; a view an hour, without price and category, unless `lists` say otherwise."""
    hours = [[START + timedelta(hours=hour) for hour in range(len(history))] for history in items]
    usual = {"behavior": 1, "price": None, "category": 0}
    columns = {name: [[value] * len(history) for history in items] for name, value in usual.items()}
    columns |= {"item_index": items, "event_time": hours, **lists}
    rows = {name: [list(values) for values in column] for name, column in columns.items()}
    return pa.table({name: pa.array(values, TABLES["sequences"].field(name).type) for name, values in rows.items()})
