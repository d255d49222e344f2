"""A backfill plans what is missing or stale, and a bad day stops only what depends on it."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from jobs import backfill
from tests.log_files import deliver, event, shop_config
from tests.warehouse_contents import contents

pytestmark = pytest.mark.usefixtures("spark")
DAYS = [f"2026-01-0{day}" for day in range(1, 5)]
LAST = date(2026, 1, 4)
JOBS = ("ingest", "sequences")


def deliver_day(root: Path, day: str, **changes: Any) -> Path:
    at = f"{day}T10:00:00Z"
    return deliver(root, day, [event(event_time=at, user_id=f"u{number}", **changes) for number in range(3)])


def world(root: Path) -> Config:
    for day in DAYS:
        deliver_day(root, day)
    return shop_config(root, ingest={"catch_up_days": 0, "max_bad_share": 0.1})


def plan(config: Config) -> dict[str, dict[str, str]]:
    outcome = backfill.run(RunContext(config, LAST), first_day=DAYS[0], plan=True, jobs=JOBS)
    found: dict[str, dict[str, str]] = dict(outcome.details["days"])
    return found


def test_a_plan_names_what_is_missing_or_stale_and_touches_nothing(tmp_path: Path) -> None:
    config = world(tmp_path)
    assert list(plan(config)) == DAYS
    assert not config.warehouse.exists()
    assert backfill.run(RunContext(config, LAST), first_day=DAYS[0], jobs=JOBS).status == "done"
    before = contents(Warehouse(config.warehouse))
    assert plan(config) == {}
    deliver_day(tmp_path, DAYS[2], price=1.0)  # corrected
    stale = plan(config)
    assert list(stale) == DAYS[2:]
    assert stale[DAYS[2]]["events"] == "input files has changed"
    assert stale[DAYS[2]]["daily"] == "input events of 2026-01-03 would be made anew by events"
    assert "daily" not in stale[DAYS[3]]  # the day's own counts are those of its own events
    assert stale[DAYS[3]]["sequences"] == "input events of 2026-01-03 would be made anew by events"
    assert contents(Warehouse(config.warehouse)) == before


def test_a_bad_day_stops_only_what_depends_on_it(tmp_path: Path) -> None:
    config = world(tmp_path)
    deliver(tmp_path, DAYS[2], ["broken", "broken"])
    outcome = backfill.run(RunContext(config, LAST), first_day=DAYS[0], jobs=JOBS)
    assert outcome.details["days"] == dict(zip(DAYS, ["done", "done", "failed", "failed"], strict=True))
    assert isinstance(outcome.error, BadDataError)
    assert "first events of 2026-01-03" in str(outcome.error)
    warehouse = Warehouse(config.warehouse)
    assert warehouse.days("events") == DAYS[:2]
    assert warehouse.days("sequences") == DAYS[:2]
    assert {(each["day"], each["step"]) for each in outcome.details["not_made"]} >= {
        (DAYS[2], "events"),
        (DAYS[2], "sequences"),
        (DAYS[3], "events"),  # it may hold copies of the bad day's events
        (DAYS[3], "sequences"),
    }
    deliver_day(tmp_path, DAYS[2])
    again = backfill.run(RunContext(config, LAST), first_day=DAYS[0], jobs=JOBS)
    assert again.error is None
    assert again.details["days"] == dict(zip(DAYS, ["nothing_to_do", "nothing_to_do", "done", "done"], strict=True))
    fresh = shop_config(tmp_path, warehouse=str(tmp_path / "undisturbed"), ingest={"catch_up_days": 0})
    backfill.run(RunContext(fresh, LAST), first_day=DAYS[0], jobs=JOBS)
    assert contents(warehouse) == contents(Warehouse(fresh.warehouse))
