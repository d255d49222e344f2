"""A log full of what makes a carried table wrong: late, copied, disordered and corrected events, and machines.

Whoever looks at one delivery after the other must find what the whole log gives; `expected` says what that is, in
plain Python, from the accepted events.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any
from zoneinfo import ZoneInfo

from interest_spark.config.deployment import Config
from interest_spark.foundation.dates import days_since_1970
from interest_spark.schemas.behaviors import BEHAVIOR_CODES, FIRST_ITEM_INDEX
from interest_spark.storage.warehouse import Warehouse
from tests.log_files import deliver, shop_config

FIRST = date(2026, 1, 1)
ZONE = ZoneInfo("Asia/Shanghai")
BOTS = {"max_events_per_day": 40, "max_active_hours": 12, "min_events_for_rhythm": 8, "min_gap_variation": 0.1}
LATE_DAYS = 5

HISTORY = ["user_id", "item_index", "behavior", "event_time", "price", "arrival_day", "seen", "events"]

Row = dict[str, Any]


def world_config(root: Path, **sequences: Any) -> Config:
    """Small caps, so that histories forget, and corrections of the last three days are taken in."""
    return shop_config(
        root,
        shop={"time_zone": ZONE.key},
        ingest={"max_bad_share": 1.0, "max_late_days": LATE_DAYS, "catch_up_days": 3},
        bots=BOTS,
        sequences={"max_length": 6, "popularity_days": 3, **sequences},
    )


def deliver_days(root: Path, days: int, seed: int) -> Iterator[date]:
    """Deliver one day after the other, and at some of them a corrected file of an earlier one."""
    rng = random.Random(seed)
    files: dict[date, list[Row]] = {}
    for number in range(days):
        day = FIRST + timedelta(number)
        files[day] = _lines(rng, day, [line for lines in files.values() for line in lines])
        deliver(root, day.isoformat(), files[day])
        if number >= 3 and rng.random() < 0.25:
            corrected = day - timedelta(rng.randint(1, 3))
            kept = [line for line in files[corrected] if rng.random() < 0.8]
            files[corrected] = [*kept, *_lines(rng, corrected, [])[:5]]
            deliver(root, corrected.isoformat(), files[corrected])
        yield day


def _lines(rng: random.Random, day: date, earlier: list[Row]) -> list[Row]:
    lines = []
    newest_item = 5 + (day - FIRST).days
    for _ in range(rng.randint(10, 40)):
        late = rng.randint(1, LATE_DAYS) if rng.random() < 0.2 else 0
        lines.append(_line(rng, day - timedelta(late), f"u{int(rng.random() ** 2 * 12)}", newest_item))
    if rng.random() < 0.4:  # a timer, every ten minutes for two hours
        user, begin = f"u{rng.randint(0, 11)}", rng.randint(0, 60)
        for step in range(12):
            at = datetime.combine(day, time(2), ZONE) + timedelta(minutes=begin + 10 * step)
            lines.append({**_line(rng, day, user, newest_item), "event_time": at.isoformat()})
    lines += rng.choices([*lines, *earlier[-60:]], k=4)
    rng.shuffle(lines)
    return lines


def _line(rng: random.Random, day: date, user: str, newest_item: int) -> Row:
    at = datetime.combine(day, time(), ZONE) + timedelta(minutes=15 * rng.randint(0, 95))
    return {
        "user_id": user,
        "item_id": f"i{rng.randint(max(0, newest_item - 15), newest_item)}",
        "behavior": rng.choice(["view", "view", "purchase", "search"]),
        "event_time": at.isoformat(),
        "price": rng.choice([None, 1.5, 20.0]),
    }


# What the log gives ---------------------------------------------------------------------------


def expected(config: Config, day: date) -> dict[str, list[Row]]:
    """`sequences`, `bot_sequences`, `bots`, `sessions` and `popularity` as of the day; lists of `category` left out."""
    warehouse = Warehouse(config.warehouse)
    events = _events(warehouse, day)
    bots = _bots(events, config, day)
    numbers = vocabulary(config)
    histories = _histories(events, numbers, config, day)
    return {
        "bots": [{"user_id": user, "reason": ",".join(sorted(found))} for user, found in sorted(bots.items())],
        "sequences": [row for row in histories if row["user_id"] not in bots],
        "bot_sequences": [row for row in histories if row["user_id"] in bots],
        "sessions": _sessions(events, config, day),
        "popularity": _popularity(events, numbers, config, day),
    }


def changed_by_late_events(config: Config, day: date, past: date) -> list[Row]:
    """What is known on `day` of histories as of the end of a `past` day, where that is not what was known then."""
    warehouse = Warehouse(config.warehouse)
    events = [event for event in _events(warehouse, day) if _local_day(event) <= past]
    numbers = vocabulary(config)
    bots = {row["user_id"] for row in warehouse.read_small("bots", day=day.isoformat()).to_pylist()}
    then = _histories(_events(warehouse, past), numbers, config, past)
    now = _histories(events, numbers, config, past)
    return [row for row in now if row not in then and row["user_id"] not in bots]


def _events(warehouse: Warehouse, day: date) -> list[Row]:
    """All that was accepted up to a day's delivery."""
    events: list[Row] = []
    for delivered in warehouse.days("events", through=day.isoformat()):
        rows = warehouse.read_small("events", day=delivered).to_pylist()
        events += [{**row, "dt": date.fromisoformat(delivered)} for row in rows]
    return events


def _local_day(event: Row) -> date:
    local: datetime = event["event_time"].astimezone(ZONE)
    return local.date()


def _machine_reasons(events: list[Row]) -> set[str]:
    times = [event["event_time"] for event in events]
    crossed = {
        "volume": len(times) > BOTS["max_events_per_day"],
        "round_the_clock": len({at.astimezone(ZONE).hour for at in times}) >= BOTS["max_active_hours"],
        "rhythm": len(times) >= BOTS["min_events_for_rhythm"] and _is_regular(_gaps(events)),
    }
    return {name for name, yes in crossed.items() if yes}


def _bots(events: list[Row], config: Config, day: date) -> dict[str, set[str]]:
    """Gaps count within a delivery, and all else within a user's day, whichever deliveries brought it."""
    first = _first_day(config, day)
    by_day: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for event in events:
        if _local_day(event) >= first:
            by_day[event["user_id"], _local_day(event)].append(event)
    found: dict[str, set[str]] = defaultdict(set)
    for (user, _), own in by_day.items():
        deliveries = {event["dt"] for event in own}
        reasons = _machine_reasons(own) - {"rhythm"}
        gaps = [gap for dt in deliveries for gap in _gaps([event for event in own if event["dt"] == dt])]
        if len(own) >= BOTS["min_events_for_rhythm"] and _is_regular(gaps):
            reasons.add("rhythm")
        if reasons:
            found[user] |= reasons
    return found


def _is_regular(gaps: list[float]) -> bool:
    return any(gaps) and pstdev(gaps) / fmean(gaps) < BOTS["min_gap_variation"]


def _gaps(events: list[Row]) -> list[float]:
    times = sorted(event["event_time"] for event in events)
    return [(after - before).total_seconds() for before, after in pairwise(times)]


def _first_day(config: Config, day: date) -> date:
    days = config.sequences.history_days
    return date.min if days is None else day - timedelta(days - 1)


def _histories(events: list[Row], numbers: dict[str, int], config: Config, day: date) -> list[Row]:
    own: dict[str, list[Row]] = {event["user_id"]: [] for event in events}
    for event in events:
        if event["behavior"] in config.sequences.behaviors and _local_day(event) >= _first_day(config, day):
            own[event["user_id"]].append(event)
    rows = []
    for user, all_of in sorted(own.items()):
        all_of.sort(key=lambda event: (event["event_time"], event["dt"], event["source_file"], event["source_line"]))
        last = all_of[-config.sequences.max_length :]
        rows.append(
            {
                "user_id": user,
                "item_index": [numbers[event["item_id"]] for event in last],
                "behavior": [BEHAVIOR_CODES[event["behavior"]] for event in last],
                "event_time": [event["event_time"] for event in last],
                "price": [event["price"] for event in last],
                "arrival_day": [days_since_1970(event["dt"]) for event in last],
                "seen": sorted({numbers[event["item_id"]] for event in all_of}),
                "events": len(all_of),
            }
        )
    return rows


def _sessions(events: list[Row], config: Config, day: date) -> list[Row]:
    gap = timedelta(minutes=config.sequences.session_gap_minutes)
    oldest = datetime.combine(day - timedelta(LATE_DAYS), time(), ZONE) - gap
    sessions: list[Row] = []
    for event in sorted(events, key=lambda event: (event["user_id"], event["event_time"])):
        user, at = event["user_id"], event["event_time"]
        if not sessions or sessions[-1]["user_id"] != user or at - sessions[-1]["session_end"] >= gap:
            sessions.append({"user_id": user, "session_start": at, "session_end": at, "events": 0})
        sessions[-1]["session_end"] = at
        sessions[-1]["events"] += 1
    return [each for each in sessions if each["session_end"] >= oldest]


def _popularity(events: list[Row], numbers: dict[str, int], config: Config, day: date) -> list[Row]:
    """Without the users' days that are a machine's, as the delivery tells them."""
    after = day - timedelta(min(config.sequences.popularity_days, config.sequences.history_days or 10**4))
    by_delivery: dict[tuple[date, str, date], list[Row]] = defaultdict(list)
    for event in events:
        if event["dt"] > after:
            by_delivery[event["dt"], event["user_id"], _local_day(event)].append(event)
    counts: Counter[str] = Counter()
    for own in by_delivery.values():
        if not _machine_reasons(own):
            counts.update(event["item_id"] for event in own if event["behavior"] in config.sequences.behaviors)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], numbers[pair[0]]))
    return [
        {"item_index": numbers[item], "item_id": item, "events": count, "rank": rank}
        for rank, (item, count) in enumerate(ranked, start=1)
    ]


def number_new_items(numbers: dict[str, int], config: Config, day: date) -> None:
    """Give what the day's run finds without a number the next ones, in the order of first delivery, then id."""
    first: dict[str, date] = {}
    for event in _events(Warehouse(config.warehouse), day):
        if event["behavior"] in config.sequences.behaviors:
            first[event["item_id"]] = min(event["dt"], first.get(event["item_id"], date.max))
    for _, item in sorted((delivered, item) for item, delivered in first.items() if item not in numbers):
        numbers[item] = len(numbers) + FIRST_ITEM_INDEX


def vocabulary(config: Config) -> dict[str, int]:
    """The committed numbers; each item has one."""
    rows = Warehouse(config.warehouse).read_small("vocab").to_pylist()
    numbers = {row["item_id"]: row["item_index"] for row in rows}
    assert len(numbers) == len(rows)
    return numbers


def found(config: Config, day: date) -> dict[str, list[Row]]:
    """The committed tables, cut to what `expected` says of them."""
    warehouse, tables = Warehouse(config.warehouse), {}
    names = {
        "bots": ["user_id", "reason"],
        "sequences": HISTORY,
        "bot_sequences": HISTORY,
        "sessions": ["user_id", "session_start", "session_end", "events"],
        "popularity": ["item_index", "item_id", "events", "rank"],
    }
    for table, columns in names.items():
        rows = warehouse.read_small(table, day=day.isoformat()).select(columns).to_pylist()
        order = "rank" if table == "popularity" else "user_id"
        tables[table] = sorted(rows, key=lambda row: (row[order], str(row.get("session_start"))))
    return tables
