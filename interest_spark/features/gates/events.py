"""What the ingest gate measures: sums over the events of a day, and the day's figures from them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from interest_spark.features.clock import local_seconds
from interest_spark.features.gates.judge import Measured
from interest_spark.features.gates.sums import LABELS, SHARES, Sums, counted, largest, named, summed
from interest_spark.foundation.dates import days_since_1970, parse_zone

COLUMNS = (
    *("user_id", "item_id", "behavior", "event_time", "quantity", "price"),
    *("rating", "session_id", "platform", "device_id", "query"),
)
"""What is looked at, of `events`."""

_NULLABLE = ("quantity", "price", "rating", "session_id", "platform", "device_id", "query")
_MICROSECONDS, _HOUR, _DAY = 1_000_000, 3_600, 86_400
_AND = "\0"
_OF_BEFORE = "of the day before: "


@dataclass(frozen=True)
class EventRules:
    """The shop's time `zone`; of users one in `sample` is followed by name, so that those of a day fit a worker."""

    zone: str
    sample: int = 1


def sum_events(events: pl.DataFrame, day: str, rules: EventRules) -> pl.DataFrame:
    """`what, label, count` of some of a day's events, which have COLUMNS; of several parts of a day they add up."""
    local = local_seconds(events["event_time"].to_physical().to_numpy() // _MICROSECONDS, parse_zone(rules.zone))
    second = local - days_since_1970(date.fromisoformat(day)) * _DAY
    nulls = events.select(pl.col(_NULLABLE).is_null().sum()).unpivot()
    price = events.filter(pl.col("price") > 0)["price"]
    parts = [
        summed("events", pl.Series([""]), pl.Series([len(events)])),
        summed("late", pl.Series([""]), pl.Series([int((second < 0).sum())])),
        summed("nulls", nulls["variable"], nulls["value"]),
        counted("second", pl.Series(second[second >= 0]).cast(pl.String)),
        counted("behavior", events["behavior"]),
        counted("user of platform", _users_of_platforms(events, rules)),
        counted("price", price.log(2).floor().cast(pl.Int64).cast(pl.String)),
        counted("user", _followed(events["user_id"], rules)),
        _heaviest(events["user_id"]),
        counted("item", events["item_id"]),
    ]
    return pl.concat(parts)


def sum_of_day_before(events: pl.DataFrame, rules: EventRules) -> pl.DataFrame:
    """The same of events of the day before, of which only users and items count."""
    parts = [
        counted(_OF_BEFORE + "user", _followed(events["user_id"], rules)),
        counted(_OF_BEFORE + "item", events["item_id"]),
    ]
    return pl.concat(parts)


def measure_events(sums: pl.DataFrame, catalogue: pl.DataFrame | None, rules: EventRules) -> Iterator[Measured]:
    """The figures of a day from all of its sums; `catalogue` has the `item_id, category` of the items known."""
    counts = Sums(sums)
    events = counts.total("events")
    users = counts.frame("user")
    seconds = {int(label): count for label, count in counts.of("second").items()}
    yield Measured("events", events, events)
    yield Measured("users", len(users) * rules.sample, events)
    platforms = _users_by_platform(counts)
    for platform, count in largest(platforms):
        yield Measured(named("platform", platform), count * rules.sample, events)
    if not events:
        return
    yield Measured("late", counts.total("late") / events, events)
    for column, count in counts.of("nulls").items():
        yield Measured(f"nulls:{column}", count / events, events)
    yield from _clock(seconds)
    shares = {what: dict(counts.largest(what, SHARES)) for what in ("behavior", "price")}
    for what, found in {**shares, "platform": dict(largest(platforms, SHARES))}.items():
        if found:
            yield Measured(f"drift:{what}", 0.0, events, found)
    if len(users):
        yield Measured("events_per_user", counts.total("user") / len(users), events)
    yield Measured("one_user", max(counts.of("heavy user").values()) / events, events)
    yield from _newcomers(counts)
    if catalogue is not None:
        yield from _catalogue(counts.frame("item").rename({"label": "item_id"}), catalogue)


def measure_lines(ledger: pl.DataFrame, reasons: pl.DataFrame) -> Iterator[Measured]:
    """Figures of raw lines, from a day's rows of `ingest_ledger` and the `reason` of its refused event lines."""
    events = ledger.filter(pl.col("kind") == "events")
    total = int(events["raw_lines"].sum())
    for kind, lines in sorted(ledger.group_by("kind").agg(pl.col("raw_lines").sum()).iter_rows()):
        yield Measured(f"lines:{kind}", lines, total)
    sources = events.with_columns(pl.col("source_file").map_elements(source_of, return_dtype=pl.String))
    for source, lines in largest(sources.group_by("source_file").agg(pl.col("raw_lines").sum())):
        yield Measured(named("source", source), lines, total)
    if total:
        yield Measured("duplicates", int(events["duplicates"].sum()) / total, total)
        for reason, lines in largest(reasons.group_by("reason").len()):
            yield Measured(named("quarantined", reason), lines / total, total)


def source_of(path: str) -> str:
    """The name of a raw file without what differs from day to day.

    >>> source_of("/logs/dt=2026-01-31/web-3_20260131T02.jsonl.gz")
    'web-#_#.jsonl.gz'
    """
    return re.sub(r"\d+([T:._-]\d+)*", "#", path.rsplit("/", 1)[-1])


def _clock(seconds: Mapping[int, int]) -> Iterator[Measured]:
    """Figures of the times of the day's own events."""
    total = sum(seconds.values())
    if not total:
        return
    hours: dict[str, int] = {}
    for second, count in sorted(seconds.items()):
        hour = f"{min(second // _HOUR, 23):02d}"
        hours[hour] = hours.get(hour, 0) + count
    yield Measured("one_second", max(seconds.values()) / total, total)
    yield Measured("quiet_end", max(_DAY - max(seconds), 0) / _HOUR, total)
    yield Measured("silent_hours", 24 - len(hours), total)
    yield Measured("drift:hour", 0.0, total, hours)


def _users_by_platform(counts: Sums) -> pl.DataFrame:
    """How many users each platform has. Users, for one machine alone may double a platform's events."""
    names = counts.frame("user of platform").select(pl.col("label").str.split(_AND).list.last())
    return names["label"].value_counts(name="count")


def _newcomers(counts: Sums) -> Iterator[Measured]:
    """Shares of what had no event in the delivery before; without one, nothing can be said."""
    users, users_before = counts.frame("user"), counts.frame(_OF_BEFORE + "user")
    items, items_before = counts.frame("item"), counts.frame(_OF_BEFORE + "item")
    if len(users) and len(users_before):
        new = users.join(users_before, on="label", how="anti")
        yield Measured("new_users", len(new) / len(users), int(users["count"].sum()))
    if len(items) and len(items_before):
        new, total = items.join(items_before, on="label", how="anti"), int(items["count"].sum())
        yield Measured("new_items", int(new["count"].sum()) / total, total)


def _catalogue(items: pl.DataFrame, catalogue: pl.DataFrame) -> Iterator[Measured]:
    total = int(items["count"].sum())
    yield Measured("catalogue", len(catalogue), total)
    if not total:
        return
    known = items.join(catalogue, on="item_id", how="inner")
    yield Measured("unknown_items", 1 - int(known["count"].sum()) / total, total)
    found = known.drop_nulls("category").group_by("category").agg(pl.col("count").sum())
    if len(found):
        yield Measured("drift:category", 0.0, total, dict(largest(found, SHARES)))


def _users_of_platforms(events: pl.DataFrame, rules: EventRules) -> pl.Series:
    """User and platform as one text; neither of them is ever read with a NUL in it."""
    known = events.select("user_id", "platform").drop_nulls().unique()
    if rules.sample > 1:
        known = known.filter(pl.col("user_id").hash() % rules.sample == 0)
    return known.select(pl.concat_str("user_id", "platform", separator=_AND)).to_series()


def _heaviest(users: pl.Series) -> pl.DataFrame:
    """Those with most events, whether or not they are followed: who has much of a day has much of each part of it."""
    most = counted("", users).sort("count", "label", descending=[True, False]).head(LABELS)
    return summed("heavy user", most["label"], most["count"])


def _followed(ids: pl.Series, rules: EventRules) -> pl.Series:
    return ids if rules.sample == 1 else ids.filter(ids.hash() % rules.sample == 0)
