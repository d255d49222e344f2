"""One ordered, capped history per user as of a day: from events to rows of numbers, and from these to lists.

Histories are built from all events, or from those of an earlier day and the events that were delivered since: both
ways give the same. That holds because what a history forgets, it forgets in the order of its events: what is beyond
`max_length` or older than the window was the oldest, and no later event brings it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.features.clock import local_days
from interest_spark.foundation.dates import parse_zone
from interest_spark.schemas.behaviors import BEHAVIOR_CODES
from interest_spark.schemas.tables import TABLES

EVENT_COLUMNS = ("user_id", "item_id", "behavior", "event_time", "price", "source_file", "source_line")
"""What histories are built from, of `events`."""

_COPIED = ("item_index", "behavior", "event_time", "price", "arrival_day")
_OLDEST_FIRST = ("event_time", "arrival_day", "source_file", "source_line", "place")
"""Events at the same instant keep the order in which they arrived, and within a day that of the log. Those of an
earlier history, whose lines nobody knows any more, are in their order already."""

_ROW: dict[str, pl.DataType | type[pl.DataType]] = {
    "user_id": pl.String,
    "item_index": pl.Int32,
    "behavior": pl.Int32,
    "event_time": pl.Datetime("us", "UTC"),
    "price": pl.Float64,
    "arrival_day": pl.Int32,
    "source_file": pl.String,
    "source_line": pl.Int64,
}
_LOWER = 0xFFFFFFFF  # the bits of a pair's second number
_OF_USER = {"user": pl.Int64, **{name: kind for name, kind in _ROW.items() if name != "user_id"}}


@dataclass(frozen=True)
class Window:
    """What of its events a history keeps: the last `max_length` of those since `first_day`.

    `first_day` counts from 1970, in the shop's `zone`; None: all.
    """

    max_length: int
    first_day: int | None = None
    zone: str = "UTC"

    def days(self, event_time: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """The shop-local day of each instant, since 1970: int64[m]; all 0 without a `first_day`, when nobody asks."""
        if self.first_day is None:
            return np.zeros(len(event_time), np.int64)
        micros = event_time.cast(pa.int64()).to_numpy()
        return local_days(micros // 1_000_000, parse_zone(self.zone))


def interest_rows(
    events: pl.DataFrame, numbers: pl.DataFrame, behaviors: Sequence[str], arrival_day: int
) -> pl.DataFrame:
    """The events that count as interest, as numbers; users with other events have a row without an item as well.

    `events` has EVENT_COLUMNS, `numbers` item_id and item_index, `arrival_day` counts from 1970.
    """
    if not behaviors:  # then nothing but `user_id` is asked of the events
        return as_rows(events.select("user_id").unique())
    codes = {behavior: code for behavior, code in BEHAVIOR_CODES.items() if behavior in behaviors}
    code = pl.col("behavior").replace_strict(codes, default=None, return_dtype=pl.Int32)
    numbered = events.with_columns(code, pl.lit(arrival_day, pl.Int32).alias("arrival_day"))
    numbered = numbered.join(numbers, on="item_id", how="left", maintain_order="left")
    is_interest = pl.col("behavior").is_not_null() & pl.col("item_index").is_not_null()
    rows = numbered.filter(is_interest).select(*_ROW)
    if len(rows) == len(events):
        return rows
    return pl.concat([rows, as_rows(numbered.filter(~is_interest).select("user_id").unique())])


def as_rows(users: pl.DataFrame) -> pl.DataFrame:
    """Rows without an item, one for each of `users`."""
    return pl.concat([pl.DataFrame(schema=_ROW), users], how="diagonal")


def histories(rows: pl.DataFrame, category_of: np.ndarray, window: Window, earlier: pa.Table | None = None) -> pa.Table:
    """Rows of `interest_rows` of whole users to a row of `sequences` a user, in the order of `user_id`.

    The lists hold the last events, oldest first; `seen` and `events` cover all of the window. `category_of` is the
    category of each item by its number: int32[items]. `earlier` are histories of an earlier day, and `rows` what
    was delivered since: whoever is in neither, has no history.
    """
    found, places = placed_histories(rows, category_of, window, earlier)
    return found.take(places)


def placed_histories(
    rows: pl.DataFrame, category_of: np.ndarray, window: Window, earlier: pa.Table | None = None
) -> tuple[pa.Table, pa.Array]:
    """A table with the rows of `histories`, and their places in it: whoever wants some alone copies no others."""
    if earlier is None:
        earlier = TABLES["sequences"].empty_table()
    changed = pc.is_in(earlier["user_id"], rows["user_id"].unique().to_arrow())
    extended = _extended(earlier.filter(changed), rows, window)
    found = pa.concat_tables([_without_the_expired(earlier, window), extended]).combine_chunks()
    items = found["item_index"].combine_chunks()
    category = pa.ListArray.from_arrays(items.offsets, pa.array(category_of[items.values.to_numpy()]))
    place = found.schema.get_field_index("category")
    found = found.set_column(place, TABLES["sequences"].field("category"), category)
    current = np.append(~changed.to_numpy(), np.ones(len(extended), bool))
    places = pa.array(np.flatnonzero(current))
    return found, places.take(pc.sort_indices(found["user_id"].take(places)))


def _extended(earlier: pa.Table, rows: pl.DataFrame, window: Window) -> pa.Table:
    """The histories of the users of `rows`, with categories left out."""
    users = pl.concat([rows["user_id"], pl.Series(earlier["user_id"], dtype=pl.String)]).unique().sort()
    kind = pl.Enum(users)
    new = rows.filter(pl.col("item_index").is_not_null())
    new = new.with_columns(user=new["user_id"].cast(kind).to_physical().cast(pl.Int64)).select(*_OF_USER)
    who = pl.Series(earlier["user_id"], dtype=pl.String).cast(kind).to_physical().to_numpy().astype(np.int64)
    return _table(
        users.to_arrow(),
        _listed(new, who, earlier, len(users), window),
        _seen(new, who, earlier, len(users), window),
        _counted(new, who, earlier, len(users), window),
    )


Lists = dict[str, pa.ListArray]


def _table(users: pa.Array, *parts: dict[str, pa.Array]) -> pa.Table:
    columns = {"user_id": users}
    for part in parts:
        columns |= part
    columns["category"] = pa.nulls(len(users))
    return pa.table([columns[field.name].cast(field.type) for field in TABLES["sequences"]], TABLES["sequences"])


def _listed(new: pl.DataFrame, who: np.ndarray, earlier: pa.Table, users: int, window: Window) -> Lists:
    """The last events of each user within the window."""
    if len(earlier):
        lengths, flat = _flat(earlier, *_COPIED)
        old = pl.DataFrame({"user": np.repeat(who, lengths), **{name: pl.Series(flat[name]) for name in _COPIED}})
        new = pl.concat([old.cast({name: _OF_USER[name] for name in old.columns}), new], how="diagonal")
    if window.first_day is not None:
        new = new.filter(window.days(new["event_time"].to_arrow()) >= window.first_day)
    ordered = _oldest_first(new)
    ends = np.cumsum(np.bincount(ordered["user"].to_numpy(), minlength=users))
    starts = np.concatenate([[0], ends[:-1]])
    firsts = np.maximum(starts, ends - window.max_length)
    kept, offsets = ordered[_ranges(firsts, ends)], _offsets(ends - firsts)
    return {name: pa.ListArray.from_arrays(offsets, kept[name].to_arrow()) for name in _COPIED}


def _seen(new: pl.DataFrame, who: np.ndarray, earlier: pa.Table, users: int, window: Window) -> Lists:
    """Every distinct item of each user, ascending, with the last day of each where these count."""
    lengths, old = _flat(earlier, "seen", "seen_day")
    user = np.concatenate([np.repeat(who, lengths), new["user"].to_numpy()])
    item = np.concatenate([old["seen"].to_numpy(), new["item_index"].to_numpy()]).astype(np.int64)
    pair = user << 32 | item
    if window.first_day is None:
        pair = np.unique(pair)
        return _by_user(pair >> 32, users, seen=pair & _LOWER) | {"seen_day": _empty_lists(users)}
    day = np.concatenate([old["seen_day"].to_numpy(), window.days(new["event_time"].to_arrow())])
    order = np.lexsort((day, pair))
    pair, day = pair[order], day[order]
    last = np.append(pair[1:] != pair[:-1], True)[: len(pair)] & (day >= window.first_day)
    pair = pair[last]
    return _by_user(pair >> 32, users, seen=pair & _LOWER, seen_day=day[last])


def _counted(new: pl.DataFrame, who: np.ndarray, earlier: pa.Table, users: int, window: Window) -> Lists:
    """How many events each user has, and on which days where these count."""
    if window.first_day is None:
        events = np.bincount(new["user"].to_numpy(), minlength=users)
        events[who] += earlier["events"].to_numpy()
        return {"events": pa.array(events), "active_day": _empty_lists(users), "active_day_events": _empty_lists(users)}
    lengths, old = _flat(earlier, "active_day", "active_day_events")
    user = np.concatenate([np.repeat(who, lengths), new["user"].to_numpy()])
    day = np.concatenate([old["active_day"].to_numpy(), window.days(new["event_time"].to_arrow())]).astype(np.int64)
    count = np.concatenate([old["active_day_events"].to_numpy(), np.ones(len(new), np.int64)])
    within = day >= window.first_day
    since = day[within] - window.first_day  # as a day may be before 1970
    pair, place = np.unique(user[within] << 32 | since, return_inverse=True)
    counts = np.bincount(place, weights=count[within], minlength=len(pair)).astype(np.int64)
    events = np.bincount(pair >> 32, weights=counts, minlength=users).astype(np.int64)
    days = (pair & _LOWER) + window.first_day
    lists = _by_user(pair >> 32, users, active_day=days, active_day_events=counts)
    return {"events": pa.array(events), **lists}


def _without_the_expired(earlier: pa.Table, window: Window) -> pa.Table:
    """Earlier histories without the events that are older than the window."""
    if window.first_day is None or not len(earlier):
        return earlier
    nothing = pl.DataFrame(schema=_OF_USER)
    who, users = np.arange(len(earlier), dtype=np.int64), len(earlier)
    lengths, flat = _flat(earlier, *_COPIED)
    within = window.days(flat["event_time"]) >= window.first_day
    offsets = _offsets(np.bincount(np.repeat(who, lengths)[within], minlength=users))
    mask = pa.array(within)
    lists = {name: pa.ListArray.from_arrays(offsets, flat[name].filter(mask)) for name in _COPIED}
    seen = _seen(nothing, who, earlier, users, window)
    return _table(earlier["user_id"].combine_chunks(), lists, seen, _counted(nothing, who, earlier, users, window))


def _oldest_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Sorted by `user`, int64, and then _OLDEST_FIRST.

    Nearly always the instant decides, and one sort of one number costs a third of a sort by five columns, two of them
    text: only rows of one user at one instant are looked at again.
    """
    if len(rows) == 0:
        return rows
    rows = rows.with_row_index("place")
    user, time = (rows[name].to_physical().to_numpy() for name in ("user", "event_time"))
    first, span = int(time.min()), int(time.max()) - int(time.min()) + 1
    if span * (int(user.max()) + 1) >= 2**63:
        return rows.sort("user", *_OLDEST_FIRST)
    key = user * span + (time - first)
    order = pl.Series(key).arg_sort().to_numpy().copy()
    same = key[order][1:] == key[order][:-1]
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    if len(tied):
        order[tied] = rows[order[tied]].sort("user", *_OLDEST_FIRST)["place"].to_numpy()
    return rows.drop("source_file", "source_line", "place")[order]


def _flat(table: pa.Table, first: str, *others: str) -> tuple[np.ndarray, dict[str, pa.Array]]:
    """The lengths of the lists of `first`, which all others share, and the values of each, one list after another."""
    lists = {name: table[name].combine_chunks() for name in (first, *others)}
    lengths = lists[first].value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths, {name: column.flatten() for name, column in lists.items()}


def _by_user(user: np.ndarray, users: int, **values: np.ndarray) -> Lists:
    """Lists of values that lie in the order of their users."""
    offsets = _offsets(np.bincount(user, minlength=users))
    return {name: pa.ListArray.from_arrays(offsets, pa.array(column)) for name, column in values.items()}


def _empty_lists(count: int) -> pa.ListArray:
    return pa.ListArray.from_arrays(_offsets(np.zeros(count, np.int64)), pa.array([], pa.int32()))


def _ranges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The numbers of every half-open range one after the other."""
    lengths = ends - starts
    shifts = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    return np.arange(lengths.sum()) + shifts


def _offsets(lengths: np.ndarray) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
