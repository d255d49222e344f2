"""Events of one delivery to counts by user, day and interest: rows of several deliveries add up.

All are whole numbers, so that sums are the same in whatever order they are made.
"""

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.features.clock import local_seconds
from interest_spark.features.daily.counts import order_of
from interest_spark.foundation.dates import parse_zone
from interest_spark.schemas.interests import AMOUNTS_A_UNIT, KINDS, TIMES_OF_DAY, TOTAL
from interest_spark.schemas.tables import TABLES

EVENT_COLUMNS = ("user_id", "item_id", "behavior", "event_time", "quantity", "price", "platform")
"""What is counted, of `events`."""

_MICROSECONDS, _DAY = 1_000_000, 86_400
_MOST = 1e14  # amounts beyond are cut: no sum of them leaves the whole numbers of 64 bits


def count_interests(events: pl.DataFrame, catalogue: pl.DataFrame, zone: str) -> pa.Table:
    """Rows of `interest_days`, in the order of user and kind. `events` has EVENT_COLUMNS, and all of each of its users.

    `catalogue` has `item_id` and, of each item that is known, `category`, `brand` and `price_level`; `zone` is the
    shop's.
    """
    schema = TABLES["interest_days"]
    rows = _placed(events, zone).join(catalogue, on="item_id", how="left")
    parts = [_counted(rows, TOTAL, pl.lit("")), *(_counted(rows, kind, pl.col(kind)) for kind in KINDS)]
    counted = pl.concat(parts).sort("user", "kind", "value", "behavior", "event_day")
    users = events["user_id"].unique(maintain_order=True)
    named = counted.with_columns(user_id=users.gather(counted["user"]), event_day=pl.col("event_day").cast(pl.Date))
    return named.select(*schema.names).to_arrow().cast(schema)


def _placed(events: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Each event with `user`, numbered as they come, its local `event_day` and `time_of_day`, `amount` and `places`."""
    encoded = pc.dictionary_encode(events["user_id"].to_arrow(compat_level=pl.CompatLevel.oldest()))
    user = encoded.indices.to_numpy().astype(np.int64)
    time = events["event_time"].to_physical().to_numpy()
    local = local_seconds(time // _MICROSECONDS, parse_zone(zone))
    day = local // _DAY
    amount = pl.col("price") * pl.col("quantity").fill_null(1.0) * AMOUNTS_A_UNIT
    return events.select(
        "item_id",
        "behavior",
        "platform",
        user=pl.Series(user),
        event_day=pl.Series(day.astype(np.int32)),
        time_of_day=_names(local % _DAY * len(TIMES_OF_DAY) // _DAY),
        places=pl.Series(_later_events(user, day, time)),
        amount=amount.fill_nan(None).fill_null(0.0).clip(-_MOST, _MOST).round().cast(pl.Int64),
    )


def _names(quarter: np.ndarray) -> pl.Series:
    return pl.Series(quarter).replace_strict(dict(enumerate(TIMES_OF_DAY)), return_dtype=pl.String)


def _later_events(user: np.ndarray, day: np.ndarray, time: np.ndarray) -> np.ndarray:
    """How many events of the same user and day are later than each: int64[m]. At one instant none is."""
    order = order_of(user, day, time)
    ends_of_days = _ends(user[order], day[order])
    found = np.empty(len(time), np.int64)
    found[order] = ends_of_days - _ends(user[order], day[order], time[order])
    return found


def _ends(*sorted_keys: np.ndarray) -> np.ndarray:
    """Where the run of equal keys ends that each place is in: int64[m]."""
    length = len(sorted_keys[0])
    begins = np.ones(length, bool)
    begins[1:] = np.any([key[1:] != key[:-1] for key in sorted_keys], axis=0)
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], length)[: len(starts)]
    return np.repeat(ends, ends - starts)


def _counted(rows: pl.DataFrame, kind: str, value: pl.Expr) -> pl.DataFrame:
    counted = (
        rows.with_columns(value=value)
        .filter(pl.col("value").is_not_null())
        .group_by("user", "event_day", "value", "behavior")
        .agg(pl.len().cast(pl.Int64).alias("events"), pl.col("places").sum(), pl.col("amount").sum())
    )
    return counted.with_columns(kind=pl.lit(kind))
