"""Customer features and profiles by the job: carried equals rebuilt, nothing from the future, the same twice."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.pipeline.report import Outcome
from interest_spark.steps.bots import BOTS
from interest_spark.steps.daily import DAILY
from interest_spark.steps.nightly import JOBS
from interest_spark.steps.verify import verify
from interest_spark.storage.warehouse import Warehouse
from jobs import profiles
from tests.carried_world import BOTS as THRESHOLDS
from tests.carried_world import FIRST, LATE_DAYS, ZONE, deliver_days
from tests.log_files import deliver, event, shop_config
from tests.runs import run_job

pytestmark = pytest.mark.usefixtures("spark")
TABLES = tuple(table for step in JOBS["profiles"] for table in step.writes)


def world(root: Path, **sections: Any) -> Config:
    given: dict[str, Any] = {
        "shop": {"time_zone": ZONE.key},
        "sources": {"items": {"path": "items/dt={day}/*"}},
        "ingest": {"max_bad_share": 1.0, "max_late_days": LATE_DAYS, "catch_up_days": 3},
        "bots": THRESHOLDS,
        "profiles": {},
    }
    return shop_config(root, **{**given, **sections})


def take_in(config: Config, day: date) -> Outcome:
    """With all that profiles need of the job `sequences`."""
    run_job("ingest", RunContext(config, day))
    run_steps((step, RunContext(config, day)) for step in (DAILY, BOTS))
    return profiles.run(RunContext(config, day))


def rows(config: Config, table: str, day: date) -> list[dict[str, Any]]:
    found = Warehouse(config.warehouse).read_small(table, day=day.isoformat()).to_pylist()
    return sorted(found, key=str)


def catalogue(prices: float) -> list[dict[str, Any]]:
    return [
        {"item_id": f"i{n}", "category": f"c{n % 4}", "brand": ("b1", "b2", None)[n % 3], "price": prices * (n % 7 + 1)}
        for n in range(14)
    ]


@pytest.mark.slow
def test_carried_equals_rebuilt_and_the_second_run_does_nothing(tmp_path: Path) -> None:
    config = world(tmp_path)
    deliver(tmp_path, FIRST.isoformat(), catalogue(1.0), "items")
    deliver(tmp_path, (FIRST + timedelta(3)).isoformat(), catalogue(2.0)[:5], "items")
    for day in deliver_days(tmp_path, days=4, seed=11):
        assert take_in(config, day).status == "done"
    assert profiles.run(RunContext(config, day)).status == "nothing_to_do"
    run_job("sequences", RunContext(config, day))
    compared = verify(RunContext(config, day), buckets=4, of=4).rows
    assert all(compared[table] > 5 for table in TABLES), compared
    made = {table: rows(config, table, day) for table in TABLES}
    bots = {row["user_id"] for row in rows(config, "bots", day)}
    users = {row["user_id"] for row in made["customer_features"]}
    assert bots
    assert bots.isdisjoint(users)
    assert {row["user_id"] for row in made["customer_days"]} == bots | users
    assert {row["interest"] for row in made["profiles"]} == {"brand", "category", "price_level", "time_of_day"}
    shares: dict[tuple[str, str], float] = {}
    for row in made["profiles"]:
        shares[row["user_id"], row["interest"]] = shares.get((row["user_id"], row["interest"]), 0.0) + row["value"]
    assert all(share == pytest.approx(1) for share in shares.values())


def at(day: date, hour: int, **changes: Any) -> dict[str, Any]:
    return event(event_time=f"{day}T{hour:02}:00:00Z", **changes)


def test_nothing_as_of_a_day_depends_on_later_days(tmp_path: Path) -> None:
    configs = {name: world(tmp_path / name, shop={"time_zone": "UTC"}) for name in ("known", "later")}
    for name, config in configs.items():
        deliver(tmp_path / name, FIRST.isoformat(), catalogue(1.0), "items")
        delivered = [at(FIRST, hour, item_id=f"i{hour}", platform="app", user_id=f"u{hour % 2}") for hour in range(6)]
        deliver(tmp_path / name, FIRST.isoformat(), delivered)
        take_in(config, FIRST)
    before = {table: rows(configs["known"], table, FIRST) for table in TABLES}
    rng = random.Random(5)
    for number in range(1, 5):  # 200 later events, most of days before they are delivered, and a changed catalogue
        day, root = FIRST + timedelta(number), tmp_path / "later"
        happened = [FIRST + timedelta(rng.randint(0, number)) for _ in range(50)]
        users, items = ("u0", "u1", "new"), [f"i{n}" for n in range(20)]
        lines = [
            at(each, rng.randint(0, 23), user_id=rng.choice(users), item_id=rng.choice(items)) for each in happened
        ]
        deliver(root, day.isoformat(), lines)
        deliver(root, day.isoformat(), catalogue(3.0 + number), "items")
    last = FIRST + timedelta(4)
    take_in(configs["later"], last)
    profiles.run(RunContext(configs["later"], FIRST, force=True))
    assert before == {table: rows(configs["later"], table, FIRST) for table in TABLES}
    assert before["customer_features"] != rows(configs["later"], "customer_features", last)


def test_without_the_section_nothing_is_made_and_the_reason_is_told(tmp_path: Path) -> None:
    outcome = profiles.run(RunContext(world(tmp_path).model_copy(update={"profiles": None}), FIRST))
    assert outcome.status == "nothing_to_do"
    assert "add `profiles: {}`" in outcome.details["reason"]


def test_a_shop_without_a_catalogue_is_told_what_is_left_out(tmp_path: Path) -> None:
    config = world(tmp_path)
    deliver(tmp_path, FIRST.isoformat(), [at(FIRST, 3, platform="web")])
    outcome = take_in(config, FIRST)
    assert set(outcome.details["interests_left_out"]) == {"category", "brand", "price_level"}
    assert [(row["interest"], row["name"]) for row in rows(config, "profiles", FIRST)] == [
        ("platform", "web"),
        ("time_of_day", "morning"),
    ]


def test_a_day_of_whose_window_nothing_is_known_has_no_profiles(tmp_path: Path) -> None:
    config = world(tmp_path)
    deliver(tmp_path, FIRST.isoformat(), [at(FIRST, 3)])
    take_in(config, FIRST)
    later = FIRST + timedelta(200)
    run_steps((step, RunContext(config, later)) for step in (DAILY, BOTS))
    assert profiles.run(RunContext(config, later)).status == "done"
    assert [rows(config, table, later) for table in ("customer_days", "customer_features", "profiles")] == [[], [], []]
