"""One ordered, capped history per user as of a day: from events to rows of numbers, and from these to lists."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.schemas.behaviors import BEHAVIOR_CODES
from interest_spark.schemas.tables import TABLES

EVENT_COLUMNS = ("user_id", "item_id", "behavior", "event_time", "price", "source_file", "source_line")
"""What histories are built from, of `events`."""

_LISTS = ("item_index", "behavior", "event_time", "price", "category", "arrival_day")
_OLDEST_FIRST = ("event_time", "arrival_day", "source_file", "source_line")
"""Events at the same instant keep the order in which they arrived, and within a day that of the log."""

_ROW: dict[str, pl.DataType | type[pl.DataType]] = {
    "user_id": pl.String,
    "item_index": pl.Int32,
    "behavior": pl.Int32,
    "event_time": pl.Datetime("us", "UTC"),
    "price": pl.Float64,
    "category": pl.Int32,
    "arrival_day": pl.Int32,
    "source_file": pl.String,
    "source_line": pl.Int64,
}


def interest_rows(
    events: pl.DataFrame, catalogue: pl.DataFrame, behaviors: Sequence[str], arrival_day: int
) -> pl.DataFrame:
    """The events that count as interest, as numbers; users with other events have a row without an item as well.

    `events` has EVENT_COLUMNS, `catalogue` is read_catalogue's, `arrival_day` counts from 1970.
    """
    if not behaviors:  # then nothing but `user_id` is asked of the events
        return as_rows(events.select("user_id").unique())
    codes = {behavior: code for behavior, code in BEHAVIOR_CODES.items() if behavior in behaviors}
    code = pl.col("behavior").replace_strict(codes, default=None, return_dtype=pl.Int32)
    numbered = events.with_columns(code, pl.lit(arrival_day, pl.Int32).alias("arrival_day"))
    numbered = numbered.join(catalogue, on="item_id", how="left", maintain_order="left")
    is_interest = pl.col("behavior").is_not_null() & pl.col("item_index").is_not_null()
    rows = numbered.filter(is_interest).select(*_ROW)
    if len(rows) == len(events):
        return rows
    return pl.concat([rows, as_rows(numbered.filter(~is_interest).select("user_id").unique())])


def as_rows(users: pl.DataFrame) -> pl.DataFrame:
    """Rows without an item, one for each of `users`."""
    return pl.concat([pl.DataFrame(schema=_ROW), users], how="diagonal")


def histories(rows: pl.DataFrame, max_length: int) -> pa.Table:
    """Rows of `interest_rows` of whole users to a row of `sequences` a user, in the order of `user_id`.

    The lists hold the last `max_length` events, oldest first; `seen` and `events` cover all of them.
    """
    users = rows["user_id"].unique().sort()
    place = rows["user_id"].cast(pl.Enum(users)).to_physical().cast(pl.Int64).alias("user")
    ordered = _oldest_first(rows.with_columns(place).drop("user_id").filter(pl.col("item_index").is_not_null()))
    user = ordered["user"].to_numpy()
    ends = np.cumsum(np.bincount(user, minlength=len(users)))
    starts = np.concatenate([[0], ends[:-1]])
    firsts = np.maximum(starts, ends - max_length)
    kept, offsets = ordered[_ranges(firsts, ends)], _offsets(ends - firsts)
    columns = {name: pa.ListArray.from_arrays(offsets, kept[name].to_arrow()) for name in _LISTS}
    columns |= {
        "user_id": users.to_arrow(),
        "seen": _distinct_items(user, ordered["item_index"].to_numpy(), len(users)),
        "events": pa.array(ends - starts),
    }
    return pa.table([columns[field.name].cast(field.type) for field in TABLES["sequences"]], TABLES["sequences"])


def _oldest_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Sorted by `user`, int64, and then _OLDEST_FIRST.

    Nearly always the instant decides, and one sort of one number costs a third of a sort by five columns, two of them
    text: only rows of one user at one instant are looked at again.
    """
    user, time = (rows[name].to_physical().to_numpy() for name in ("user", "event_time"))
    if len(rows) == 0:
        return rows
    first, span = int(time.min()), int(time.max()) - int(time.min()) + 1
    if span * (int(user.max()) + 1) >= 2**63:
        return rows.sort("user", *_OLDEST_FIRST)
    key = user * span + (time - first)
    order = pl.Series(key).arg_sort().to_numpy().copy()
    same = key[order][1:] == key[order][:-1]
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    if len(tied):
        again = rows[order[tied]].with_columns(place=pl.Series(order[tied])).sort("user", *_OLDEST_FIRST)
        order[tied] = again["place"].to_numpy()
    return rows.drop("source_file", "source_line")[order]


def _ranges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The numbers of every half-open range one after the other."""
    lengths = ends - starts
    shifts = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    return np.arange(lengths.sum()) + shifts


def _distinct_items(user: np.ndarray, items: np.ndarray, users: int) -> pa.ListArray:
    pairs = np.unique(user << 32 | items.astype(np.int64))
    offsets = _offsets(np.bincount(pairs >> 32, minlength=users))
    return pa.ListArray.from_arrays(offsets, pa.array((pairs & 0xFFFFFFFF).astype(np.int32)))


def _offsets(lengths: np.ndarray) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
