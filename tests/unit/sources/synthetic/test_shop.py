"""Laws of the generated shop: the same every time, every line accounted for, nothing before it exists."""

import json
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interest_spark.foundation.errors import ConfigError
from interest_spark.sources.synthetic import ShopPlan, generate_shop

from .conftest import PLAN, ShopReading


def test_same_plan_same_bytes_other_seed_other_bytes(shop: ShopReading, tmp_path: Path) -> None:
    again = generate_shop(PLAN, tmp_path / "again")
    other = generate_shop(ShopPlan(PLAN.users, PLAN.items, PLAN.days, PLAN.seed + 1), tmp_path / "other")
    assert again.content_hash == shop.shop.content_hash != other.content_hash
    for path in shop.shop.path.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (again.path / path.relative_to(shop.shop.path)).read_bytes(), path


def test_content_hash_depends_on_every_file(shop: ShopReading) -> None:
    manifest = json.loads((shop.shop.path / "shop.json").read_text(encoding="utf-8"))
    files = {str(path.relative_to(shop.shop.path)) for path in shop.shop.path.rglob("*") if path.is_file()}
    assert set(manifest["files"]) == files - {"shop.json"}


def test_every_line_is_good_or_a_copy_or_broken(shop: ShopReading) -> None:
    broken, copies = shop.keys("broken_lines"), shop.keys("duplicates")
    assert not broken & copies
    assert (broken | copies | shop.keys("late_events")) <= set(shop.lines)
    files = shop.truth["files"].set_index("source_file")
    assert (files["lines"] == files["good"] + files["duplicates"] + files["broken"]).all()
    seen = Counter(file for file, _ in shop.lines)
    assert {file: files.loc[file, "lines"] for file in seen} == dict(seen)
    for column, keys in {"broken": broken, "duplicates": copies, "late": shop.keys("late_events")}.items():
        found = Counter(file for file, _ in keys)
        assert {file: count for file, count in files[column].items() if count} == dict(found)
    counts = shop.shop.counts
    assert counts["event_lines"] == len(shop.lines) == counts["good"] + counts["duplicates"] + counts["broken"]
    assert counts["good"] == len(shop.events)


def test_copies_repeat_an_earlier_line_at_most_five_days_later(shop: ShopReading) -> None:
    copies = shop.truth["duplicates"]
    assert set(copies["kind"]) == {"same_day", "resent"}
    unsound = shop.keys("broken_lines") | shop.keys("duplicates")
    for row in copies.itertuples():
        original = (row.original_file, row.original_line)
        assert shop.lines[row.source_file, row.source_line] == shop.lines[original]
        assert original not in unsound
        assert original < (row.source_file, row.source_line)
        days = _day_of(row.source_file) - _day_of(row.original_file)
        assert days == timedelta(0) if row.kind == "same_day" else timedelta(1) <= days <= timedelta(5)


def test_no_other_line_comes_twice(shop: ShopReading) -> None:
    unsound = shop.keys("broken_lines") | shop.keys("duplicates")
    good = [line for key, line in shop.lines.items() if key not in unsound]
    assert len(good) == len(set(good))


def test_late_events_come_one_to_five_days_after_their_day(shop: ShopReading) -> None:
    events = shop.events
    late_by = (pd.to_datetime(events["arrival"]) - events["time"].dt.tz_localize(None).dt.normalize()).dt.days
    truth = shop.truth["late_events"].set_index(["source_file", "source_line"])["days_late"].sort_index()
    found = events.assign(late=late_by)[late_by != 0].set_index(["file", "line"])["late"].sort_index()
    assert found.to_dict() == truth.to_dict()
    assert set(found) <= {1, 2, 3, 4, 5} and len(set(found)) >= 3
    assert 0.003 < len(found) / len(events) < 0.03


def test_events_only_know_what_was_delivered(shop: ShopReading) -> None:
    _check_nothing_from_the_future(shop)
    items = shop.delivered("items")
    assert {day for day, _ in items} == {str(PLAN.day(day)) for day in range(PLAN.days)}
    first = {str(item["item_id"]): day for day, item in reversed(items)}
    assert len(first) == PLAN.items
    launches = Counter(first.values())
    assert all(launches[str(PLAN.day(day))] for day in range(PLAN.days))  # new items every day


def test_events_carry_the_price_of_the_day(shop: ShopReading) -> None:
    prices: dict[str, dict[str, float]] = {}
    for day, item in shop.delivered("items"):
        prices.setdefault(str(item["item_id"]), {})[day] = float(str(item["price"]))
    changed = 0
    for event in shop.events.itertuples():
        history = prices[event.item_id]
        known = [price for day, price in sorted(history.items()) if day <= str(event.time.date())]
        # A session that began before midnight may still show yesterday's price.
        assert event.price in known[-2:]
        changed += len(known) > 1
    assert changed > 0


def test_sessions_cross_midnight_and_users_have_several_devices(shop: ShopReading) -> None:
    days = shop.events.groupby("session_id")["time"].agg(lambda times: times.dt.date.nunique())
    assert (days == 2).any() and days.max() == 2
    users = shop.events.groupby("user_id")
    assert (users["device_id"].nunique() > 1).mean() > 0.2
    assert (shop.events.groupby("device_id")["user_id"].nunique() == 1).all()
    assert (shop.events.groupby("session_id")["device_id"].nunique() == 1).all()


def test_unusual_ids_are_there_and_kept_exactly(shop: ShopReading) -> None:
    users, items = set(shop.events["user_id"]), set(shop.events["item_id"])
    assert {"用户-赵六", "🛒🎉shopper", "550e8400-e29b-41d4-a716-446655440000", "18446744073709551617"} <= users
    assert {"商品-茶叶", "🎁-box", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "9223372036854775809"} <= items
    assert any(b'"user_id":18446744073709551617,' in line for line in shop.lines.values())
    assert "用户-赵六" in set(shop.truth["top_categories"]["user_id"])


def test_every_user_is_delivered_by_the_first_event(shop: ShopReading) -> None:
    delivered = {str(user["user_id"]) for _, user in shop.delivered("users")}
    assert len(delivered) == PLAN.users


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(users=st.integers(1, 30), items=st.integers(1, 40), days=st.integers(1, 7), seed=st.integers(0, 2**70))
def test_laws_hold_for_small_shops(users: int, items: int, days: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        reading = ShopReading(generate_shop(ShopPlan(users, items, days, seed, date(2024, 2, 27)), Path(folder)))
        test_every_line_is_good_or_a_copy_or_broken(reading)
        _check_nothing_from_the_future(reading)
        assert reading.events["arrival"].nunique() == days  # no empty day
        assert set(reading.truth["top_categories"]["user_id"]) <= {
            str(user["user_id"]) for _, user in reading.delivered("users")
        }


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"users": 0}, "users 0"),
        ({"items": -1}, "items -1"),
        ({"days": 0}, "days 0"),
        ({"seed": -1}, "seed -1"),
        ({"first_day": date(9999, 12, 30)}, "9999-12-30"),
        ({"first_day": date(1969, 12, 30)}, "1969-12-30"),
    ],
)
def test_impossible_plans_are_refused(change: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        ShopPlan(**{"users": 1, "items": 1, "days": 1, **change})  # type: ignore[arg-type]


def _check_nothing_from_the_future(reading: ShopReading) -> None:
    first_item = {str(item["item_id"]): day for day, item in reversed(reading.delivered("items"))}
    first_user = {str(user["user_id"]): day for day, user in reversed(reading.delivered("users"))}
    for event in reading.events.itertuples():
        happened = str(event.time.date())
        assert first_item[event.item_id] <= happened <= event.arrival
        assert first_user[event.user_id] <= happened


def _day_of(file: str) -> date:
    return date.fromisoformat(file[len("events/dt=") :][:10])
