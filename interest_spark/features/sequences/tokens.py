"""Token columns of histories: what a network may know of each event beside its item, as codes.

Training packs what this computes into blocks, and scoring computes it from the same lists by the same function,
so that a model is served what it was trained on.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.features.clock import local_seconds
from interest_spark.foundation.dates import parse_zone
from interest_spark.schemas.tokens import (
    INPUTS,
    LAST_SESSION,
    LAST_SESSION_PLACE,
    PRICE_BUCKETS,
    TIME_GAP_BUCKETS,
    ColumnScheme,
    source_lists,
)

Histories: TypeAlias = pa.Table | pa.RecordBatch
"""One history a row: position-aligned lists as in `sequences`, oldest event first."""

Columns = dict[str, np.ndarray]

_PRICE_BOUNDS = 2.0 ** (
    np.arange(PRICE_BUCKETS - 1) / 2 - 6
)  # from 1/64 by half octaves: 0.0156, 0.022, … 33.5 million
_GAP_BOUNDS = 1 << np.arange(TIME_GAP_BUCKETS - 1)  # 1 s, 2 s, 4 s, … 17 years
_MICROSECONDS, _MINUTE, _HOUR, _DAY = 1_000_000, 60, 3_600, 86_400
_LAST_MINUTE = 2**31 - 1


def token_columns(histories: Histories, scheme: ColumnScheme, names: Iterable[str] = tuple(INPUTS)) -> Columns:
    """The named columns, of INPUTS and MEASURES, int32[m] each, histories one after another.

    `histories` has `item_index` and the lists that the columns are computed from (`source_lists`). An event's gap
    is that to the event before it in the list: cut a history after this, never before.

    >>> times = pa.array([[0, 90_000_000]], pa.list_(pa.timestamp("us", "UTC")))
    >>> histories = pa.table({"item_index": [[7, 8]], "event_time": times, "price": [[None, 20.0]]})
    >>> columns = token_columns(histories, ColumnScheme(), ["price_bucket", "time_gap", "hour", "weekday"])
    >>> {name: codes.tolist() for name, codes in columns.items()}
    {'price_bucket': [0, 22], 'time_gap': [1, 9], 'hour': [1, 1], 'weekday': [4, 4]}
    """
    names = tuple(names)
    bounds = history_bounds(histories)
    found: Columns = {}
    for source in source_lists(names)[1:]:
        values = _flat(histories, source)
        if len(values) != bounds[-1]:
            raise ValueError(f"{source} has {len(values)} values for {bounds[-1]} events")
        found |= _RULES[source](values, bounds, scheme)
    return {name: found[name].astype(np.int32) for name in names}


def history_bounds(histories: Histories) -> np.ndarray:
    """Where each history begins among the flattened ones, and the end of the last: int64[n + 1]."""
    lengths = pc.fill_null(pc.list_value_length(_list_column(histories, "item_index")), 0)
    return np.concatenate([[0], np.cumsum(lengths.to_numpy(zero_copy_only=False), dtype=np.int64)])


def flat_items(histories: Histories) -> np.ndarray:
    """The item_index of every event, histories one after another: int32[m]."""
    return _whole_numbers(_flat(histories, "item_index"))


def flat_times(histories: Histories) -> np.ndarray:
    """The microseconds since 1970 of every event, histories one after another: int64[m]."""
    return _microseconds(_flat(histories, "event_time"))


def flat_arrival_days(histories: Histories) -> np.ndarray:
    """The day on which every event was delivered, in days since 1970, histories one after another: int32[m]."""
    return _whole_numbers(_flat(histories, "arrival_day"))


def category_sharing(category_index: np.ndarray, scheme: ColumnScheme) -> dict[str, int | float]:
    """What the codes of these categories, int32[c], distinct and from 1, tell apart.

    `numbered`: how many there are; `exact`: how many have a code that no other category will ever get;
    `ambiguous_share`: the share of all whose code another one of them has, too, so that no model tells the two apart.

    >>> category_sharing(np.arange(1, 10), ColumnScheme(category_codes=4, category_buckets=3))
    {'numbered': 9, 'exact': 4, 'ambiguous_share': 0.4444}
    """
    _, holders = np.unique(_category_codes(category_index, scheme), return_counts=True)
    ambiguous = holders[holders > 1].sum() / max(len(category_index), 1)
    return {
        "numbered": len(category_index),
        "exact": int((category_index <= scheme.category_codes).sum()),
        "ambiguous_share": round(float(ambiguous), 4),
    }


def _behavior(codes: pa.Array, bounds: np.ndarray, scheme: ColumnScheme) -> Columns:
    return {"behavior": _whole_numbers(codes)}


def _category(codes: pa.Array, bounds: np.ndarray, scheme: ColumnScheme) -> Columns:
    return {"category": _category_codes(_whole_numbers(codes), scheme)}


def _category_codes(category_index: np.ndarray, scheme: ColumnScheme) -> np.ndarray:
    """The number itself as far as there are codes. Numbers have no gaps, so the remainder fills all buckets evenly."""
    last = scheme.category_codes
    bucket = (category_index - last - 1) % scheme.category_buckets
    return np.where(category_index <= last, category_index, last + 1 + bucket)


def _price(prices: pa.Array, bounds: np.ndarray, scheme: ColumnScheme) -> Columns:
    """Half octaves: a bucket's dearest item costs 1.41 times its cheapest. The first also holds what is free."""
    price = prices.to_numpy(zero_copy_only=False).astype(np.float64)  # null is NaN
    known = np.isfinite(price) & (price >= 0)
    return {"price_bucket": np.where(known, 1 + np.searchsorted(_PRICE_BOUNDS, price, side="right"), 0)}


def _times(times: pa.Array, bounds: np.ndarray, scheme: ColumnScheme) -> Columns:
    instants = _microseconds(times)
    seconds = instants // _MICROSECONDS
    local = local_seconds(seconds, parse_zone(scheme.time_zone))
    return {
        "minute": np.clip(seconds // _MINUTE, -_LAST_MINUTE, _LAST_MINUTE),
        "time_gap": _gap_buckets(instants, bounds),
        "hour": 1 + local % _DAY // _HOUR,
        "weekday": 1 + (local // _DAY + 3) % 7,  # 1 is Monday; 1970 began on a Thursday
        **_sessions(instants, bounds, 60 * scheme.session_gap_minutes),
    }


def _sessions(instants: np.ndarray, bounds: np.ndarray, gap: int) -> Columns:
    """The number of each event's session in the list, and the event's place in the session, both from 1.

    Counted from the oldest event listed: what comes after an event says nothing of it.
    """
    first_events = bounds[:-1][np.diff(bounds) > 0]
    begins = np.diff(instants, prepend=instants[:1]) >= gap * _MICROSECONDS
    begins[first_events] = True
    sessions, places = np.cumsum(begins), np.arange(len(instants))
    before = np.repeat(sessions[first_events] - 1, np.diff(np.append(first_events, len(instants))))
    place = places - places[begins][sessions - 1] + 1 if len(instants) else places
    return {
        "session": np.minimum(sessions - before, LAST_SESSION),
        "session_place": np.minimum(place, LAST_SESSION_PLACE),
    }


def _gap_buckets(instants: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """1 for a first event; else 2 for a gap below a second, 3 below 2 s, 4 below 4 s, …"""
    gaps = np.diff(instants, prepend=instants[:1]) // _MICROSECONDS
    buckets = 2 + np.searchsorted(_GAP_BOUNDS, gaps, side="right")
    buckets[bounds[:-1][np.diff(bounds) > 0]] = 1
    return buckets


_RULES: dict[str, Callable[[pa.Array, np.ndarray, ColumnScheme], Columns]] = {
    "behavior": _behavior,
    "category": _category,
    "price": _price,
    "event_time": _times,
}


def _list_column(histories: Histories, name: str) -> pa.ListArray:
    column = histories.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _flat(histories: Histories, name: str) -> pa.Array:
    return _list_column(histories, name).flatten()


def _whole_numbers(codes: pa.Array) -> np.ndarray:
    return pc.fill_null(codes, 0).to_numpy(zero_copy_only=False).astype(np.int32)


def _microseconds(times: pa.Array) -> np.ndarray:
    return times.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy(zero_copy_only=False)
