"""Counts of a day equal those made one event after another, and those of several deliveries add up."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta, timezone
from itertools import pairwise
from statistics import fmean, pstdev
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.config.bots import BotsConfig
from interest_spark.features.bots import machine_days, machines
from interest_spark.features.daily.counts import EVENT_COLUMNS, CountingRules, count_day
from interest_spark.storage.parts import empty_frame

GAP = 1_800
MIDNIGHT = datetime(2026, 3, 8, tzinfo=timezone.utc)  # a day on which New York changes its clocks
ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"])
EVENT = st.tuples(
    st.sampled_from("uvw"),
    st.sampled_from("ab"),
    st.sampled_from(["view", "purchase"]),
    st.integers(-200, 200).map(lambda step: MIDNIGHT + timedelta(seconds=step * 600)),
)
EAGER = BotsConfig(max_events_per_day=6, max_active_hours=4, min_events_for_rhythm=3, min_gap_variation=0.2)


def frame(events: list[tuple[Any, ...]]) -> pl.DataFrame:
    schema = {**dict.fromkeys(EVENT_COLUMNS[:3], pl.String), "event_time": pl.Datetime("us", "UTC")}
    return pl.DataFrame(events, schema=schema, orient="row")


def by_user_and_day(events: list[tuple[Any, ...]], zone: str) -> dict[tuple[str, date], list[tuple[Any, ...]]]:
    found = defaultdict(list)
    for event in sorted(events, key=lambda event: event[3]):
        found[event[0], event[3].astimezone(ZoneInfo(zone)).date()].append(event)
    return dict(sorted(found.items()))


def reasons(times: list[datetime], zone: str, bots: BotsConfig) -> list[str]:
    """Of one delivery."""
    gaps = [(after - before).total_seconds() for before, after in pairwise(times)]
    rhythm = len(times) >= bots.min_events_for_rhythm and any(gaps)
    crossed = {
        "volume": len(times) > bots.max_events_per_day,
        "round_the_clock": len({at.astimezone(ZoneInfo(zone)).hour for at in times}) >= bots.max_active_hours,
        "rhythm": rhythm and pstdev(gaps) / fmean(gaps) < bots.min_gap_variation,
    }
    return sorted(name for name, yes in crossed.items() if yes)


@given(st.lists(EVENT, min_size=1, max_size=40), ZONES)
def test_a_users_day(events: list[tuple[Any, ...]], zone: str) -> None:
    rows = count_day(frame(events), CountingRules(zone, GAP, EAGER))["user_days"].to_pylist()
    rows.sort(key=lambda row: (row["user_id"], row["event_day"]))
    expected = by_user_and_day(events, zone)
    assert [(row["user_id"], row["event_day"]) for row in rows] == list(expected)
    for row, own in zip(rows, expected.values(), strict=True):
        times = [event[3] for event in own]
        assert (row["events"], row["gaps"]) == (len(own), len(own) - 1)
        assert row["view"] == sum(event[2] == "view" for event in own) == len(own) - row["purchase"]
        assert {hour for hour in range(24) if row["hours"] >> hour & 1} == {
            at.astimezone(ZoneInfo(zone)).hour for at in times
        }
        sessions: list[list[datetime]] = []
        for at in times:
            if not sessions or (at - sessions[-1][-1]).total_seconds() >= GAP:
                sessions.append([])
            sessions[-1].append(at)
        assert row["session_start"] == [each[0] for each in sessions]
        assert row["session_end"] == [each[-1] for each in sessions]
        assert row["session_events"] == [len(each) for each in sessions]
        end = datetime.combine(row["event_day"] + timedelta(1), time(), ZoneInfo(zone))
        assert row["until_midnight"] == ((end - times[-1]) < timedelta(seconds=GAP))
        assert row["is_machine"] == bool(reasons(times, zone, EAGER))


@given(st.lists(EVENT, min_size=1, max_size=40), ZONES)
def test_an_items_day(events: list[tuple[Any, ...]], zone: str) -> None:
    rows = count_day(frame(events), CountingRules(zone, GAP, EAGER))["item_days"].to_pylist()
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for own in by_user_and_day(events, zone).values():
        by_machine = bool(reasons([event[3] for event in own], zone, EAGER))
        for event in own:
            counts[event[1], event[2]][0] += 1
            counts[event[1], event[2]][1] += by_machine
    assert [(row["item_id"], row["behavior"], [row["events"], row["bot_events"]]) for row in rows] == [
        (*key, value) for key, value in sorted(counts.items())
    ]


@given(st.lists(st.tuples(st.integers(0, 3), EVENT), max_size=50), st.sets(st.integers(0, 2)))
@settings(max_examples=200)
def test_machines_carried_from_delivery_to_delivery_are_those_of_all(
    delivered: list[tuple[int, tuple[Any, ...]]], made: set[int]
) -> None:
    """Every delivery can have events of every day; `made`: those after which machines were looked for."""
    rules = CountingRules("UTC", GAP, EAGER)
    counts = [
        pl.DataFrame(count_day(frame([event for day, event in delivered if day == number]), rules)["user_days"])
        for number in range(4)
    ]
    carried, since = empty_frame("bot_days"), 0
    for number in range(4):
        if number in made or number == 3:
            known = [each.with_columns(is_new=pl.lit(day >= since)) for day, each in enumerate(counts[: number + 1])]
            carried, since = pl.DataFrame(machine_days(pl.concat(known), carried, EAGER, None)), number + 1
    once = pl.concat(counts).with_columns(is_new=pl.lit(True))
    assert carried.rows() == pl.DataFrame(machine_days(once, empty_frame("bot_days"), EAGER, None)).rows()


@given(st.lists(EVENT, max_size=40), ZONES)
def test_machines_of_one_delivery(events: list[tuple[Any, ...]], zone: str) -> None:
    counts = pl.DataFrame(count_day(frame(events), CountingRules(zone, GAP, EAGER))["user_days"])
    days = machine_days(counts.with_columns(is_new=pl.lit(True)), empty_frame("bot_days"), EAGER, None)
    expected = {
        key: reasons([event[3] for event in own], zone, EAGER) for key, own in by_user_and_day(events, zone).items()
    }
    flagged = {key: ",".join(found) for key, found in expected.items() if found}
    assert {(row["user_id"], row["event_day"]): row["reason"] for row in days.to_pylist()} == flagged
    of_user = defaultdict(set)
    for (user, _), found in expected.items():
        of_user[user] |= set(found)
    assert {row["user_id"]: row["reason"] for row in machines(days).to_pylist()} == {
        user: ",".join(sorted(found)) for user, found in of_user.items() if found
    }


def test_days_before_the_history_make_nobody_a_machine() -> None:
    events = [
        ("u", "a", "view", MIDNIGHT + timedelta(days=day, seconds=60 * second)) for day in (0, 2) for second in range(9)
    ]
    counts = pl.DataFrame(count_day(frame(events), CountingRules("UTC", GAP, EAGER))["user_days"])
    counts, none = counts.with_columns(is_new=pl.lit(True)), empty_frame("bot_days")
    days = machine_days(counts, none, EAGER, date(2026, 3, 9))
    assert days["event_day"].to_pylist() == [date(2026, 3, 10)]
    assert machines(days)["evidence"].to_pylist() == ["2026-03-10: 9 events in 1 hours, gap variation 0.0"]
    assert not len(machine_days(counts, none, BotsConfig(**{**EAGER.model_dump(), "enabled": False}), None))


@pytest.mark.parametrize("delivered", [[], [("u", "a", "view", MIDNIGHT)]])
def test_one_event_or_none(delivered: list[tuple[Any, ...]]) -> None:
    tables = count_day(frame(delivered), CountingRules("UTC", GAP, BotsConfig()))
    assert [len(table) for table in tables.values()] == [len(delivered)] * 2
