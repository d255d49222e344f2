"""Events of one delivery to one row a user and day, and one an item and behavior.

All is a sum, a maximum or a union, so that rows of several deliveries add up to what their events give together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.config.bots import BotsConfig
from interest_spark.features.clock import day_ends, local_seconds
from interest_spark.features.daily.machines import crosses
from interest_spark.foundation.dates import parse_zone
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.tables import TABLES

EVENT_COLUMNS = ("user_id", "item_id", "behavior", "event_time")
"""What is counted, of `events`."""

_MICROSECONDS, _HOUR, _DAY = 1_000_000, 3_600, 86_400
_CODES = {behavior: code for code, behavior in enumerate(BEHAVIORS)}


@dataclass(frozen=True)
class CountingRules:
    """The shop's time `zone`, the seconds without an event after which a session has ended, and who is a machine."""

    zone: str
    session_gap: int
    bots: BotsConfig


def count_day(events: pl.DataFrame, rules: CountingRules) -> dict[str, pa.Table]:
    """Rows of `user_days` and `item_days`. `events` has EVENT_COLUMNS, and all of each of its users."""
    timeline = _Timeline(events, rules)
    days = timeline.user_days(rules)
    by_machine = np.empty(len(events), bool)
    by_machine[timeline.order] = np.repeat(days["is_machine"].to_numpy(), days["events"].to_numpy())
    return {"user_days": days, "item_days": _item_days(events, by_machine)}


class _Timeline:
    """Events in the order of user, local day and time; arrays of m events, and the first event of each of g days."""

    def __init__(self, events: pl.DataFrame, rules: CountingRules) -> None:
        encoded = pc.dictionary_encode(events["user_id"].to_arrow(compat_level=pl.CompatLevel.oldest()))
        self.users, user = encoded.dictionary, encoded.indices.to_numpy().astype(np.int64)  # in the order they come in
        time = events["event_time"].to_physical().to_numpy()
        self.zone = parse_zone(rules.zone)
        local = local_seconds(time // _MICROSECONDS, self.zone)
        day = local // _DAY
        self.order = order_of(user, day, time)
        self.user, self.day, self.time = user[self.order], day[self.order], time[self.order]
        self.hour = (local % _DAY // _HOUR)[self.order]
        self.behavior = events["behavior"].replace_strict(_CODES, return_dtype=pl.Int64).to_numpy()[self.order]
        self.begins = np.ones(len(time), bool)
        self.begins[1:] = (self.user[1:] != self.user[:-1]) | (self.day[1:] != self.day[:-1])
        self.firsts = np.flatnonzero(self.begins)

    def user_days(self, rules: CountingRules) -> pa.Table:
        """Rows of `user_days`."""
        ends = np.append(self.firsts[1:], len(self.time))[: len(self.firsts)]
        events, day = ends - self.firsts, self.day[self.firsts]
        left = day_ends(day, self.zone) - self.time[ends - 1]
        gap_ms = np.where(self.begins, 0, np.diff(self.time, prepend=self.time[:1]) // 1_000)
        columns = {
            "user_id": self.users.take(pa.array(self.user[self.firsts])),
            "event_day": pa.array(day.astype(np.int32)).cast(pa.date32()),
            "events": pa.array(events),
            "hours": pa.array(self._summed(1 << self.hour, np.bitwise_or)),
            "gaps": pa.array(events - 1),
            "gap_ms": pa.array(self._summed(gap_ms)),
            "gap_ms_squared": pa.array(self._summed(gap_ms**2)),  # of a day's gaps below 2**53: nothing is rounded
            **dict(zip(BEHAVIORS, self._by_behavior(events), strict=True)),
            **self._sessions(rules.session_gap),
            "until_midnight": pa.array(left < rules.session_gap * _MICROSECONDS),
        }
        counted = pa.table({name: columns[name] for name in ("events", "hours", "gaps", "gap_ms", "gap_ms_squared")})
        columns["is_machine"] = pa.array(crosses(counted, rules.bots).any(axis=0) & rules.bots.enabled)
        schema = TABLES["user_days"]
        return pa.table([columns[field.name].cast(field.type) for field in schema], schema)

    def _by_behavior(self, events: np.ndarray) -> Iterator[pa.Array]:
        """Of each behavior the events of each day."""
        place = np.repeat(np.arange(len(events)), events) * len(BEHAVIORS) + self.behavior
        counts = np.bincount(place, minlength=len(events) * len(BEHAVIORS)).reshape(-1, len(BEHAVIORS))
        yield from map(pa.array, counts.T.copy())

    def _summed(self, values: np.ndarray, how: np.ufunc = np.add) -> np.ndarray:
        """Of each day: int64[g]."""
        found: np.ndarray = how.reduceat(values.astype(np.int64), self.firsts) if len(values) else np.empty(0, np.int64)
        return found

    def _sessions(self, gap: int) -> dict[str, pa.Array]:
        pause = np.diff(self.time, prepend=self.time[:1]) >= gap * _MICROSECONDS
        begins = self.begins | pause
        firsts = np.flatnonzero(begins)
        ends = np.append(firsts[1:], len(self.time))
        offsets = pa.array(np.append(0, np.cumsum(self._summed(begins))), pa.int32())
        values = {
            "session_start": self.time[firsts],
            "session_end": self.time[ends - 1] if len(firsts) else self.time,
            "session_events": ends - firsts if len(firsts) else self.time,
        }
        return {name: pa.ListArray.from_arrays(offsets, pa.array(each)) for name, each in values.items()}


def order_of(user: np.ndarray, day: np.ndarray, time: np.ndarray) -> np.ndarray:
    """The places that sort by user, day and time; by one number if they fit into it, in a third of the time."""
    if not len(user):
        return np.empty(0, np.int64)
    days, span = int(day.max() - day.min()) + 1, int(time.max() - time.min()) + 1
    if (int(user.max()) + 1) * days * span >= 2**63:
        return np.lexsort((time, day, user))
    key = (user * days + (day - day.min())) * span + (time - time.min())
    return pl.Series(key).arg_sort().to_numpy().astype(np.int64)


def _item_days(events: pl.DataFrame, by_machine: np.ndarray) -> pa.Table:
    counts = events.select("item_id", "behavior").with_columns(by_machine=pl.Series(by_machine))
    counts = (
        counts.drop_nulls("item_id")
        .group_by("item_id", "behavior")
        .agg(events=pl.len(), bot_events=pl.col("by_machine").sum())
    )
    schema = TABLES["item_days"]
    return counts.sort("item_id", "behavior").select(*schema.names).to_arrow().cast(schema)
