"""Figures of a day's events and lines, from frames whose answers are known."""

from datetime import datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest

from interest_spark.features.gates.events import (
    EventRules,
    measure_events,
    measure_lines,
    source_of,
    sum_events,
    sum_of_day_before,
)
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.parts import empty_frame

DAY, UTC = "2026-01-02", EventRules("UTC")
NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)


def events(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of `events`: by default a view of i1 by u1 at noon."""
    default = {
        "user_id": "u1",
        "item_id": "i1",
        "behavior": "view",
        "event_time": NOON,
        "price": 8.0,
        "platform": "web",
    }
    return pl.DataFrame([{**default, **row} for row in rows], schema=empty_frame("events").schema)


def figures(
    *parts: pl.DataFrame, before: pl.DataFrame | None = None, rules: EventRules = UTC, **catalogue: str | None
) -> dict[str, Any]:
    sums = [sum_events(part, DAY, rules) for part in parts]
    if before is not None:
        sums.append(sum_of_day_before(before, rules))
    known = {"item_id": list(catalogue), "category": list(catalogue.values())}
    items = pl.DataFrame(known, schema={"item_id": pl.String, "category": pl.String}) if catalogue else None
    return {each.figure: each.counts or each.value for each in measure_events(pl.concat(sums), items, rules)}


def test_volume_users_and_nulls() -> None:
    found = figures(events({}, {"user_id": "u2", "price": None}, {"platform": "ios"}, {"platform": None}))
    assert (found["events"], found["users"], found["events_per_user"]) == (4, 2, 2.0)
    assert (found["nulls:price"], found["nulls:platform"], found["nulls:query"]) == (0.25, 0.25, 1.0)
    assert (found["platform:web"], found["platform:ios"]) == (2, 1)
    assert found["one_user"] == 0.75
    assert found["drift:price"] == {"3": 3}


def test_a_platform_counts_users_not_events() -> None:
    machine = [{"user_id": "robot", "platform": "web", "event_time": NOON + timedelta(seconds=n)} for n in range(500)]
    assert figures(events(*machine, {"platform": "web"}))["platform:web"] == 2


def test_the_clock_is_the_shops() -> None:
    evening = datetime(2026, 1, 2, 15, 30, tzinfo=timezone.utc)  # 23:30 in Shanghai
    yesterday = datetime(2026, 1, 1, 15, 59, tzinfo=timezone.utc)  # and 23:59, late
    found = figures(events({"event_time": evening}, {"event_time": yesterday}), rules=EventRules("Asia/Shanghai"))
    assert (found["late"], found["quiet_end"], found["silent_hours"]) == (0.5, 0.5, 23)
    assert found["drift:hour"] == {"23": 1}


def test_a_stuck_clock_has_one_second() -> None:
    moments = [{"event_time": NOON}] * 3 + [{"event_time": NOON + timedelta(hours=1)}]
    assert figures(events(*moments))["one_second"] == 0.75


def test_newcomers_and_unknown_items() -> None:
    today = events({}, {}, {"user_id": "u2", "item_id": "i2"}, {"user_id": "u2", "item_id": "i3"})
    found = figures(today, before=events({"item_id": "i2"}), i1="tea", i2="tea")
    assert (found["new_users"], found["new_items"]) == (0.5, 0.75)
    assert (found["catalogue"], found["unknown_items"]) == (2, 0.25)
    assert found["drift:category"] == {"tea": 3}
    assert not {"new_users", "catalogue"} & figures(today).keys()


def test_parts_in_any_cut_give_the_same() -> None:
    rows = [
        {"user_id": f"u{n % 7}", "item_id": f"i{n % 5}", "price": float(n % 3), "platform": ["web", "ios", None][n % 3]}
        for n in range(60)
    ]
    day = events(*rows)
    assert figures(*day.iter_slices(11)) == figures(day)


def test_an_empty_day() -> None:
    assert figures(events()) == {"events": 0, "users": 0}


def test_a_sample_tells_what_all_do() -> None:
    rows = [{"user_id": f"u{n}", "item_id": f"i{n % 3_000}"} for n in range(12_000)]
    before = events(*rows[:6_000])
    exact, sampled = (figures(events(*rows), before=before, rules=EventRules("UTC", sample)) for sample in (1, 4))
    for name in ("users", "new_users", "platform:web", "events_per_user"):
        assert sampled[name] == pytest.approx(exact[name], rel=0.1), name


def test_lines_by_kind_source_and_fate() -> None:
    ledger = pl.DataFrame(
        [("events", "/x/dt=2026-01-02/web-1.jsonl.gz", 60, 3), ("events", "/x/app_20260102T03.csv", 40, 1),
         ("items", "/x/items.jsonl", 9, 0)],
        schema=["kind", "source_file", "raw_lines", "duplicates"], orient="row",
    )  # fmt: skip
    found = {each.figure: each.value for each in measure_lines(ledger, pl.DataFrame({"reason": ["bad_price"] * 5}))}
    assert found == {
        "lines:events": 100,
        "lines:items": 9,
        "source:web-#.jsonl.gz": 60,
        "source:app_#.csv": 40,
        "duplicates": 0.04,
        "quarantined:bad_price": 0.05,
    }


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/a/part-00000.jsonl.gz", "part-#.jsonl.gz"),
        ("/a/2026-01-02_web-3.csv", "#_web-#.csv"),
        ("/a/日志-7.jsonl", "日志-#.jsonl"),
    ],
)
def test_a_source_is_a_files_name_without_digits(path: str, source: str) -> None:
    assert source_of(path) == source


def test_all_that_is_looked_at_is_a_column_of_events() -> None:
    from interest_spark.features.gates.events import COLUMNS

    assert set(COLUMNS) <= set(TABLES["events"].names)
