"""A backfill plans what is missing or stale, and a bad day stops only what depends on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError
from interest_spark.operations.recorder import StepRecord, Unrecorded
from interest_spark.pipeline.backfill import every_nth
from interest_spark.pipeline.context import RunContext
from interest_spark.steps.nightly import backfilled
from interest_spark.storage.warehouse import Warehouse
from jobs import backfill
from tests.log_files import deliver, event, shop_config, write_lines
from tests.warehouse_contents import Contents, contents

pytestmark = pytest.mark.usefixtures("spark")
DAYS = [f"2026-01-0{day}" for day in range(1, 5)]
LAST = date(2026, 1, 4)
JOBS = ("ingest", "sequences")


def deliver_day(root: Path, day: str, **changes: Any) -> Path:
    at = f"{day}T10:00:00Z"
    return deliver(root, day, [event(event_time=at, user_id=f"u{number}", **changes) for number in range(3)])


def deliver_pairs(root: Path, day: str, **changes: Any) -> None:
    """Two items of each user."""
    pairs = [(f"u{user}", f"i{item}", f"{day}T1{item}:00:00Z") for user in range(3) for item in range(2)]
    deliver(root, day, [event(user_id=user, item_id=item, event_time=at, **changes) for user, item, at in pairs])


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


class StepsMade(Unrecorded):
    """Remembers which steps of which days were at work, and not merely found to be current."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    @contextmanager
    def step(self, name: str, day: str) -> Iterator[StepRecord]:
        with super().step(name, day) as record:
            yield record
        if not record.nothing_to_do:
            self.seen.append((day, name))


def steps(planned: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    return sorted((day, step) for day, reasons in planned.items() for step in reasons)


def made(config: Config, **options: Any) -> list[tuple[str, str]]:
    recorder = StepsMade()
    outcome = backfill.run(RunContext(config, LAST, recorder=recorder), first_day=DAYS[0], jobs=JOBS, **options)
    assert outcome.error is None
    return sorted(recorder.seen)


@pytest.mark.slow
def test_a_plan_foresees_exactly_what_is_then_done(tmp_path: Path) -> None:
    """Also of steps that make past days anew; what a corrected delivery concerns stands here by hand."""
    config = world(tmp_path)
    config = config.model_copy(update={"sequences": config.sequences.model_copy(update={"restate_days": 2})})
    planned = plan(config)
    assert "restated" not in planned[DAYS[0]]  # there are no past days yet
    assert made(config) == steps(planned)
    assert plan(config) == {} and made(config) == []
    deliver_day(tmp_path, DAYS[2], price=1.0)  # corrected
    of_its_day = {"events", "ingest_gate", "daily"}
    of_all_that_follow = {"sessions", "bots", "vocab", "popularity", "sequences", "restated"}
    expected = {(DAYS[2], step) for step in of_its_day} | {
        (day, step) for day in DAYS[2:] for step in of_all_that_follow
    }
    assert steps(plan(config)) == sorted(expected)
    assert made(config) == sorted(expected)
    assert plan(config) == {} and made(config) == []
    fresh = config.model_copy(update={"warehouse": tmp_path / "side_by_side"})
    assert made(fresh, parallel=3) == steps(planned)
    assert of_data(config) == of_data(fresh)


@pytest.mark.release
def test_a_corrected_delivery_reaches_models_lists_and_their_judgement(tmp_path: Path) -> None:
    """What depends on the third of four days, by hand: the lists of a day are judged on the day after."""
    config = shop_config(
        tmp_path,
        ingest={"catch_up_days": 0},
        blocks={"tokens": 8, "files": 1},
        train={"ranks": 1, "launcher": "local", "epochs": 1, "network": {"dim": 8, "layers": 1, "feed_forward": 8}},
        score={"k": 2, "exclude_seen": False},
        evaluate={"horizon_days": 1, "k": 2, "backtest": False},
    )
    for day in DAYS:
        deliver_pairs(tmp_path, day)
    whole = {"first_day": DAYS[0], "jobs": ()}

    def planned() -> list[tuple[str, str]]:
        return steps(backfill.run(RunContext(config, LAST), plan=True, **whole).details["days"])

    def done() -> list[tuple[str, str]]:
        recorder = StepsMade()
        assert backfill.run(RunContext(config, LAST, recorder=recorder), **whole).error is None
        return sorted(recorder.seen)

    assert done() and planned() == []
    deliver_pairs(tmp_path, DAYS[2], price=1.0)
    of_its_day = {"events", "ingest_gate", "daily"}
    carried = {"sessions", "bots", "vocab", "popularity", "sequences"}
    made_of_histories = {"train_blocks", "train", "score", "evaluate"}
    expected = {(DAYS[2], step) for step in of_its_day} | {
        (day, step) for day in DAYS[2:] for step in carried | made_of_histories
    }
    assert planned() == sorted(expected)
    assert done() == sorted(expected)
    assert planned() == [] and done() == []


def of_data(config: Config) -> Contents:
    """All but what was said of days when they came: a day that is corrected later judges none after it anew."""
    return {key: digest for key, digest in contents(Warehouse(config.warehouse)).items() if key[0] != "gates"}


def test_only_some_days_are_served_and_the_last_one_is_among_them(tmp_path: Path) -> None:
    config = world(tmp_path)
    config = config.model_copy(update={"evaluate": config.evaluate.model_copy(update={"horizon_days": 2})})
    days = [date.fromisoformat(day) for day in DAYS]
    works = backfilled(RunContext(config, LAST), days, (), every_nth(days, 2))
    names = {day.day: [step.name for step, context in of_day if not context.backtest] for day, of_day in works.items()}
    assert all("sequences" in of_day for of_day in names.values())
    assert [day for day, of_day in names.items() if {"train", "score"} <= {*of_day}] == [2, 4]
    assert [day for day, of_day in names.items() if "evaluate" in of_day] == [4]
    assert not any(context.backtest for of_day in works.values() for _, context in of_day)  # the second day is served


def test_days_of_a_whole_history_look_back_only_as_far_as_it_reaches(tmp_path: Path) -> None:
    """What is judged is the day before; before the first day of the history there is nothing to judge."""
    write_lines(tmp_path / "raw" / "all.jsonl", [event(event_time=f"{day}T10:00:00Z") for day in DAYS])
    config = shop_config(tmp_path, sources={"events": {"path": str(tmp_path / "raw" / "all.jsonl")}})
    config = config.model_copy(update={"evaluate": config.evaluate.model_copy(update={"horizon_days": 1})})
    warehouse = Warehouse(config.warehouse)
    whole = backfill.run(RunContext(config, LAST), first_day=DAYS[0], jobs=JOBS, parallel=2)
    assert (whole.error, warehouse.days("events"), warehouse.days("sequences")) == (None, DAYS, DAYS)
    later = config.model_copy(update={"warehouse": tmp_path / "later"})
    assert backfill.run(RunContext(later, LAST), first_day=DAYS[2], jobs=JOBS).error is None
    assert Warehouse(later.warehouse).days("sequences") == DAYS[1:]


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_bad_day_stops_only_what_depends_on_it(tmp_path: Path, parallel: int) -> None:
    config = world(tmp_path)
    deliver(tmp_path, DAYS[2], ["broken", "broken"])
    outcome = backfill.run(RunContext(config, LAST), first_day=DAYS[0], jobs=JOBS, parallel=parallel)
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
