"""Steps at work at once: what depends on another waits for it, whatever else is at work; the first failure ends it."""

import threading
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.pipeline.claims import DayRange, claims_of
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import Work
from interest_spark.pipeline.side_by_side import run_side_by_side
from interest_spark.pipeline.step import (
    Assignment,
    Inputs,
    Read,
    Result,
    Selection,
    Step,
    makes_own_day,
    makes_through_day,
    newest_day,
    own_day,
    through_day,
    whole_table,
)
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import config_of

FIRST = date(2026, 1, 10)
DAYS = 4
SOME_TABLES = ("events", "vocab", "bots", "sessions")


def _nothing(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    raise AssertionError("no step is computed here")


def step(name: str, *reads: Read, writes: str = "") -> Step:
    return Step(name, reads, (writes or name,), (), 1, _nothing)


def of_days(root: Path, *steps: Step, days: int = DAYS) -> list[Work]:
    contexts = [RunContext(config_of(root), FIRST + timedelta(number)) for number in range(days)]
    return [(each, context) for context in contexts for each in steps]


class Recorder:
    """Runs works that only take time, and remembers when each began and ended."""

    def __init__(self) -> None:
        self.began: dict[int, float] = {}
        self.ended: dict[int, float] = {}
        self.most = 0
        self._now, self._lock = 0, threading.Lock()

    def __call__(self, place: int) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.began[place] = time.monotonic()
        time.sleep(0.002)
        with self._lock:
            self._now -= 1
            self.ended[place] = time.monotonic()


def test_days_that_do_not_depend_on_each_other_are_at_work_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(DAYS)
    score = step("recommendations", Read("sequences"), Read("models", newest_day))
    run_side_by_side(of_days(tmp_path, score), DAYS, lambda place: together.wait(timeout=60) and None)


def test_what_is_carried_from_day_to_day_is_made_in_order(tmp_path: Path) -> None:
    seen, carried = Recorder(), step("sequences", Read("events", own_day), Read("sequences", through_day))
    run_side_by_side(of_days(tmp_path, carried), 3, seen)
    assert all(seen.ended[place] <= seen.began[place + 1] for place in range(DAYS - 1))
    assert seen.most == 1


def test_a_day_is_not_made_anew_under_those_that_read_it(tmp_path: Path) -> None:
    """The second step of a day reads what the first step of the next day may make again."""
    events = replace(step("events"), makes=makes_through_day)
    reader = step("bots", Read("events", own_day))
    seen = Recorder()
    run_side_by_side(of_days(tmp_path, events, reader), 3, seen)
    assert all(seen.ended[place] <= seen.began[place + 1] for place in range(2 * DAYS - 1))


def test_permanent_numbers_may_get_more_while_they_are_read(tmp_path: Path) -> None:
    numbers = step("vocab", Read("vocab", whole_table, exact=False))
    reader = step("bots", Read("vocab", whole_table, exact=False))
    works = of_days(tmp_path, numbers, reader, days=2)
    claims = [claims_of(work, {"vocab": Warehouse(tmp_path).open("vocab")}) for work in works]
    assert claims[1].must_follow(claims[0])
    assert claims[2].must_follow(claims[0])
    assert not claims[2].must_follow(claims[1])


@given(st.data())
@settings(max_examples=30)
def test_any_steps_keep_the_order_that_plain_sets_of_days_ask_for(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    selects = st.sampled_from([own_day, through_day, whole_table, newest_day])
    reads = st.lists(st.builds(Read, st.sampled_from(SOME_TABLES), selects, exact=st.booleans()), max_size=3)
    makes = st.sampled_from([makes_own_day, makes_through_day])
    steps = [
        replace(step(table, *data.draw(reads)), makes=data.draw(makes))
        for table in data.draw(st.permutations(SOME_TABLES))
    ]
    works = of_days(tmp_path_factory.getbasetemp() / "empty", *steps)
    seen = Recorder()
    run_side_by_side(works, 3, seen)
    assert sorted(seen.ended) == list(range(len(works)))
    assert seen.most <= 3
    for later in range(len(works)):
        for earlier in range(later):
            if touch_the_same(works[earlier], works[later]):
                assert seen.ended[earlier] <= seen.began[later], (earlier, later)


def touch_the_same(earlier: Work, later: Work) -> bool:
    """Whether one reads a day of a table that the other may make, or both may make one: in plain sets."""
    made, remade = may_make(earlier), may_make(later)
    return bool(made & may_read(later, all_of=True) or remade & may_read(earlier, all_of=False) or made & remade)


def may_make(work: Work) -> set[tuple[str, int]]:
    """Days are counted from FIRST; one before it stands for all that are."""
    each, context = work
    own = (context.day - FIRST).days
    return {(each.writes[0], day) for day in range(-1 if each.makes is makes_through_day else own, own + 1)}


def may_read(work: Work, *, all_of: bool) -> set[tuple[str, int]]:
    each, context = work
    own = (context.day - FIRST).days
    days = {own_day: range(own, own + 1), whole_table: range(-1, DAYS)}
    every = (read for read in each.reads if all_of or read.select is not whole_table or read.exact)
    return {(read.table, day) for read in every for day in days.get(read.select, range(-1, own + 1))}


def test_after_a_failure_nothing_more_is_started_and_what_is_at_work_ends(tmp_path: Path) -> None:
    slow_is_at_work, ended = threading.Event(), list[int]()

    def run(place: int) -> None:
        if place == 0:
            slow_is_at_work.wait(timeout=60)
            raise ValueError("wrong")
        slow_is_at_work.set()
        time.sleep(0.2)
        ended.append(place)

    with pytest.raises(ValueError, match="wrong"):
        run_side_by_side(of_days(tmp_path, step("recommendations", Read("sequences")), days=30), 2, run)
    assert ended == [1]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"day": "2026-01-02"}, {"day": "2026-01-02"}, True),
        ({"day": "2026-01-02"}, {"day": "2026-01-03"}, False),
        ({"through": "2026-01-02"}, {"day": "2026-01-02"}, True),
        ({"through": "2026-01-02"}, {"day": "2026-01-03"}, False),
        ({"after": "2026-01-02", "through": "2026-01-09"}, {"day": "2026-01-02"}, False),
        ({"after": "2026-01-02", "through": "2026-01-09"}, {"day": "2026-01-03"}, True),
        ({"after": None, "through": "2026-01-09"}, {"through": "1999-01-01"}, True),
        ({}, {"day": "2026-01-02"}, True),
        ({"day": ""}, {}, False),
    ],
)
def test_ranges_of_days_overlap(one: Selection, other: Selection, expected: bool) -> None:
    ranges = DayRange.of(one), DayRange.of(other)
    assert ranges[0].overlaps(ranges[1]) == ranges[1].overlaps(ranges[0]) == expected


def test_all_tables_used_here_exist() -> None:
    assert {*SOME_TABLES} <= TABLES.keys()
