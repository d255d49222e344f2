"""A step that fails stops what reads what it would have made, and nothing else."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from interest_spark.foundation.errors import BadDataError, BusyError
from interest_spark.pipeline.apart import StepsApart
from interest_spark.pipeline.backfill import every_nth, run_days
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import Work
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, newest_day, through_day
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import config_of
from tests.small_tables import put_rows

pytestmark = pytest.mark.usefixtures("spark")
FIRST = date(2026, 1, 10)


def _nothing(table: str, schema: str) -> "Step":
    def compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
        return Result({table: context.spark.createDataFrame([], f"{schema}, dt string")})

    return Step(table, (), (table,), (), 1, compute)


VOCAB = _nothing("vocab", "item_id string, item_index int, first_day string")
POPULARITY = _nothing("popularity", "item_index int, item_id string, events long, rank int")
CATEGORIES = _nothing("categories", "category string, category_index int, first_day string")


def failing(step: Step, on: date, error: Exception) -> Step:
    def compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
        if context.day == on:
            raise error
        return step.compute(context, inputs, assignment)

    return replace(step, compute=compute)


def of_days(root: Path, *steps: Step, days: int = 3) -> list[Work]:
    contexts = [RunContext(config_of(root), FIRST + timedelta(number)) for number in range(days)]
    return [(step, context) for context in contexts for step in steps]


def made(root: Path, table: str) -> list[int]:
    return [date.fromisoformat(day).day for day in Warehouse(root).days(table)]


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ((), [10, 11, 12]),
        ((Read("vocab"),), [11, 12]),
        ((Read("vocab", through_day),), []),
        ((Read("vocab", through_day, exact=False),), []),
        ((Read("vocab", newest_day),), [11, 12]),
        ((Read("vocab", through_day, exact=False, compared=True),), [10, 11, 12]),
    ],
)
def test_only_what_reads_the_missing_day_waits(tmp_path: Path, reads: tuple[Read, ...], expected: list[int]) -> None:
    vocab = failing(VOCAB, FIRST, BadDataError("no good"))
    apart = StepsApart()
    apart.run(of_days(tmp_path, vocab, replace(POPULARITY, reads=reads)))
    assert made(tmp_path, "vocab") == [11, 12]
    assert made(tmp_path, "popularity") == expected
    assert [(stop.step, stop.day, str(stop.error)) for stop in apart.failures] == [("vocab", "2026-01-10", "no good")]
    waiting = [stop for stop in apart.stops if stop.error is None]
    assert len(waiting) == 3 - len(expected)
    assert all(stop.reason == "input vocab of 2026-01-10 is not made: vocab did not succeed" for stop in waiting)


def test_what_waits_makes_others_wait(tmp_path: Path) -> None:
    vocab = failing(VOCAB, FIRST, BadDataError("no good"))
    apart = StepsApart()
    popularity = replace(POPULARITY, reads=(Read("vocab"),))
    categories = replace(CATEGORIES, reads=(Read("popularity"),))
    apart.run(of_days(tmp_path, vocab, popularity, categories, days=2))
    assert [(stop.step, stop.day[-2:]) for stop in apart.stops] == [
        ("vocab", "10"),
        ("popularity", "10"),
        ("categories", "10"),
    ]
    assert made(tmp_path, "categories") == [11]


def test_what_is_busy_ends_everything(tmp_path: Path) -> None:
    apart = StepsApart()
    with pytest.raises(BusyError, match="away"):
        apart.run(of_days(tmp_path, failing(VOCAB, FIRST + timedelta(1), BusyError("away"))))
    assert made(tmp_path, "vocab") == [10]
    assert [stop.day for stop in apart.failures] == ["2026-01-11"]


def _overtaken(root: Path, times: int) -> Step:
    """A rival commits the day while the step is at work, so many times."""
    left = iter(range(times))
    name = f"rival-of-{times}"

    def compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
        if (number := next(left, None)) is not None:
            put_rows(Warehouse(root), "vocab", f"{name}-{number}", {Slice(context.dt): [{"item_id": "a"}]})
        return VOCAB.compute(context, inputs, assignment)

    return replace(VOCAB, compute=compute)


def test_a_lost_race_is_run_again_a_few_times(tmp_path: Path) -> None:
    apart = StepsApart()
    assert apart.run(of_days(tmp_path, _overtaken(tmp_path, times=2), days=1)).status == "done"
    assert apart.stops == []
    assert Warehouse(tmp_path).read_small("vocab").num_rows == 0  # it is the rival's rows that are replaced
    with pytest.raises(BusyError, match="while this run was at work"):
        apart.run(of_days(tmp_path, replace(_overtaken(tmp_path, times=9), revision=2), days=1))
    assert [stop.step for stop in apart.failures] == ["vocab"]


def test_what_became_of_each_day_is_told(tmp_path: Path) -> None:
    busy = failing(VOCAB, FIRST + timedelta(1), BusyError("away"))
    days = {context.day: [(step, context)] for step, context in of_days(tmp_path, busy)}
    outcome = run_days(days)
    assert outcome.details["days"] == {"2026-01-10": "done", "2026-01-11": "failed", "2026-01-12": "not_finished"}
    assert [(each["day"], each["step"]) for each in outcome.details["not_made"]] == [("2026-01-11", "vocab")]
    assert isinstance(outcome.error, BusyError)
    assert run_days({day: [(VOCAB, context) for _, context in works] for day, works in days.items()}).details == {
        "days": {"2026-01-10": "nothing_to_do", "2026-01-11": "done", "2026-01-12": "done"}
    }


@pytest.mark.parametrize(("step", "expected"), [(1, [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), (4, [2, 6]), (9, [6])])
def test_every_so_many_days_are_counted_from_the_last_one(step: int, expected: list[int]) -> None:
    days = [date(2026, 1, number) for number in range(1, 7)]
    assert sorted(day.day for day in every_nth(days, step)) == expected


def test_a_bug_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wrong"):
        StepsApart().run(of_days(tmp_path, failing(VOCAB, FIRST, ValueError("wrong"))))
