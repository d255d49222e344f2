"""A day made from what had arrived by then, or from what is known of it now: both are what plain Python finds."""

import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import ConfigError
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from jobs import backfill
from tests.log_files import deliver, shop_config
from tests.runs import run_job
from tests.warehouse_contents import contents

pytestmark = [pytest.mark.usefixtures("spark"), pytest.mark.slow]
ZONE = ZoneInfo("America/Los_Angeles")  # its days end after those of UTC
FIRST = date(2026, 1, 3)
LATE = 2
DAYS = [FIRST + timedelta(number) for number in range(5)]
DELIVERED = [*DAYS, *(DAYS[-1] + timedelta(number) for number in (1, 2))]
JOBS = ("ingest", "sequences")
ITEM_COLUMNS = {name: name for name in ("item_id", "title", "updated_at")}

Line = dict[str, Any]
Deliveries = dict[date, list[Line]]


def config_of(root: Path, as_of: str, name: str = "warehouse") -> Config:
    return shop_config(
        root,
        warehouse=str(root / name),
        shop={"time_zone": ZONE.key},
        sources={"items": {"path": str(root / "raw" / "items" / "dt={day}" / "*"), "columns": ITEM_COLUMNS}},
        ingest={"max_bad_share": 1.0, "max_late_days": LATE, "as_of": as_of},
    )


def run_days(config: Config, first: date = FIRST, last: date = DAYS[-1]) -> None:
    outcome = backfill.run(RunContext(config, last), first_day=first.isoformat(), jobs=JOBS)
    assert outcome.error is None


def events_log(seed: int) -> Deliveries:
    """Each day's delivery has events of that day and late ones of the days before, and copies of some of them all."""
    rng, log, everything = random.Random(seed), defaultdict[date, list[Line]](list), list[Line]()
    for day in DELIVERED:
        for number in range(12):
            happened = day - timedelta(rng.choice([0, 0, 0, 1, 2]))
            at = datetime.combine(happened, time(rng.randint(0, 23), number), ZONE)
            item = f"i{rng.randint(0, 9)}"
            line = {"user_id": f"u{rng.randint(0, 3)}", "item_id": item, "behavior": "view", "event_time": at}
            log[day].append(line)
        recent = [line for line in everything if line["event_time"].date() >= day - timedelta(LATE)]
        log[day] += rng.sample(recent, k=min(3, len(recent)))
        everything += log[day]
    return log


def deliver_events(root: Path, log: Deliveries, days: list[date]) -> None:
    for day in days:
        lines = [{**line, "event_time": line["event_time"].isoformat()} for line in log[day]]
        deliver(root, day.isoformat(), [*lines, "broken"])


def key(line: Line) -> tuple[str, str, datetime]:
    return line["user_id"], line["item_id"], line["event_time"]


def by_day(log: Deliveries, as_of: str, through: date) -> dict[date, set[tuple[str, str, datetime]]]:
    """The events of each day: those that its delivery was the first to hold, or those that happened on it.

    Of the days before the first one, which nobody makes, late events stay where they were delivered.
    """
    days: dict[date, set[tuple[str, str, datetime]]] = defaultdict(set)
    seen: set[tuple[str, str, datetime]] = set()
    for delivered in sorted(log):
        for line in log[delivered]:
            happened = line["event_time"].date()
            day = happened if as_of == "now" and happened >= FIRST else delivered
            if key(line) not in seen and day <= through:
                days[day].add(key(line))
            seen.add(key(line))
    return days


def events_found(config: Config) -> dict[date, set[tuple[str, str, datetime]]]:
    warehouse = Warehouse(config.warehouse)
    found = {}
    for day in warehouse.days("events"):
        rows = warehouse.read_small("events", day=day).to_pylist()
        found[date.fromisoformat(day)] = {key(row) for row in rows}
        assert len(found[date.fromisoformat(day)]) == len(rows)
    return found


def histories_found(config: Config, day: date) -> dict[str, list[datetime]]:
    rows = Warehouse(config.warehouse).read_small("sequences", day=day.isoformat()).to_pylist()
    return {row["user_id"]: row["event_time"] for row in rows}


def histories(days: dict[date, set[tuple[str, str, datetime]]], through: date) -> dict[str, list[datetime]]:
    users = defaultdict(list)
    for _, user, at in sorted((at, user, at) for day in days if day <= through for user, _, at in days[day]):
        users[user].append(at)
    return dict(users)


@pytest.mark.parametrize("as_of", ["arrival", "now"])
def test_late_events(tmp_path: Path, as_of: str) -> None:
    log, config = events_log(seed=3), config_of(tmp_path, as_of)
    deliver_events(tmp_path, log, DELIVERED)
    run_days(config)
    expected = by_day(log, as_of, DAYS[-1])
    assert events_found(config) == expected
    for day in DAYS:
        assert histories_found(config, day) == histories(expected, day), day
    assert_every_line_is_accounted_for(config, log, as_of)
    assert backfill.run(RunContext(config, DAYS[-1]), first_day=DAYS[0].isoformat(), jobs=JOBS).rows == {}


def assert_every_line_is_accounted_for(config: Config, log: Deliveries, as_of: str) -> None:
    """Each file's lines are accepted, copies or refused: all of it where no later day has a part in it."""
    raw: dict[date, int] = defaultdict(int)
    for row in Warehouse(config.warehouse).read_small("ingest_ledger").to_pylist():
        assert row["raw_lines"] == row["accepted"] + row["duplicates"] + row["quarantined"]
        if "/events/" in row["source_file"]:
            raw[date.fromisoformat(row["source_file"].split("dt=")[1][:10])] += row["raw_lines"]
    for day in DAYS:
        assert raw[day] == len(log[day]) + 1, day
    later = {day: sum(line["event_time"].date() in DAYS for line in log[day]) for day in DELIVERED[len(DAYS) :]}
    assert {day: raw[day] for day in later} == (later if as_of == "now" else dict.fromkeys(later, 0))


def test_what_is_known_now_grows_night_by_night_into_what_one_backfill_makes(tmp_path: Path) -> None:
    """Each night makes the last days anew of which something came; nothing is there twice, and nothing is missing."""
    log, config = events_log(seed=4), config_of(tmp_path, "now")
    for day in DAYS:
        deliver_events(tmp_path, log, [day])
        run_job("ingest", RunContext(config, day))
        so_far = {each: lines for each, lines in log.items() if each <= day}
        assert events_found(config) == by_day(so_far, "now", day), day
    run_days(config)  # the histories of past days
    whole = config_of(tmp_path, "now", "whole")
    run_days(whole)
    assert contents(Warehouse(config.warehouse)) == contents(Warehouse(whole.warehouse))


def test_nights_as_of_arrival_go_on_after_days_as_of_now(tmp_path: Path) -> None:
    """Late events that a day has been given are copies in the delivery that they came with; others stay there."""
    log = events_log(seed=5)
    deliver_events(tmp_path, log, DELIVERED[:6])
    run_days(config_of(tmp_path, "now"))
    deliver_events(tmp_path, log, DELIVERED[6:])
    nightly = config_of(tmp_path, "arrival")
    for day in DELIVERED[5:]:
        run_job("ingest", RunContext(nightly, day))
    found = events_found(nightly)
    everything = [event for events in found.values() for event in events]
    assert sorted(everything) == sorted({key(line) for lines in log.values() for line in lines})
    assert found[DELIVERED[5]] == {key(line) for line in log[DELIVERED[5]] if line["event_time"].date() == DELIVERED[5]}


def test_how_a_day_is_made_does_not_change_under_the_days_after_it(tmp_path: Path) -> None:
    log = events_log(seed=6)
    deliver_events(tmp_path, log, DELIVERED)
    arrival, now = config_of(tmp_path, "arrival"), config_of(tmp_path, "now")
    for day in DAYS[:3]:
        run_job("ingest", RunContext(arrival, day))
    with pytest.raises(
        ConfigError, match=r"events of 2026-01-04 are there already .* make 2026-01-03 with ingest.as_of"
    ):
        run_job("ingest", RunContext(now, DAYS[0]))
    run_job("ingest", RunContext(now, DAYS[2]))  # the newest day may be made either way
    run_job("ingest", RunContext(now, DAYS[3]))
    with pytest.raises(ConfigError, match=r"events of 2026-01-05 were made with ingest.as_of: now"):
        run_job("ingest", RunContext(arrival, DAYS[2]))
    run_job("ingest", RunContext(arrival, DAYS[1]))


@pytest.mark.parametrize("as_of", ["arrival", "now"])
def test_attributes_that_are_delivered_late(tmp_path: Path, as_of: str) -> None:
    rng = random.Random(7)
    deliveries: dict[date, list[Line]] = {}
    for day in DELIVERED:
        deliver(tmp_path, day.isoformat(), [])
        deliveries[day] = []
        for number in range(6):
            item = {"item_id": f"i{rng.randint(0, 5)}", "title": f"{day} {number}"}
            known = rng.choice([None, day, day, day - timedelta(1), day - timedelta(2)])
            at = known and datetime.combine(known, time(12, number), ZONE).isoformat()
            deliveries[day].append({**item, "updated_at": at} if at else item)
        deliver(tmp_path, day.isoformat(), deliveries[day], kind="items")
    config = config_of(tmp_path, as_of)
    for day in DAYS:
        run_job("ingest", RunContext(config, day))
        rows = Warehouse(config.warehouse).read_small("items", day=day.isoformat()).to_pylist()
        assert {row["item_id"]: row["title"] for row in rows} == titles(deliveries, day, as_of), day


def titles(deliveries: dict[date, list[Line]], day: date, as_of: str) -> dict[str, str]:
    """The newest that was known by the end of the day; what has no time is known since its delivery."""
    last = day + timedelta(LATE if as_of == "now" else 0)
    newest: dict[str, tuple[datetime, str]] = {}
    for delivered, lines in deliveries.items():
        for line in lines:
            told = line.get("updated_at")
            at = datetime.fromisoformat(told) if told else datetime.combine(delivered, time(), ZoneInfo("UTC"))
            is_known = at.astimezone(ZONE).date() <= day if told else delivered <= day
            if delivered <= last and is_known:
                newest[line["item_id"]] = max((at, line["title"]), newest.get(line["item_id"], (at, "")))
    return {item: title for item, (_, title) in newest.items()}
