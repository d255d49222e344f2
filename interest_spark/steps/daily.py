"""Each day's events to counts of that day alone, which later steps sum up over days."""

from dataclasses import replace
from functools import partial

from interest_spark.features.daily.build import DailyBuild, build_days
from interest_spark.features.daily.counts import EVENT_COLUMNS, CountingRules, count_day
from interest_spark.features.day_files import day_files
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, Target, makes_through_day, through_day
from interest_spark.steps.gates import GATES, require_passed


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """Every day with events up to the run's own: nearly always one is new."""
    made, events = made_from(step, context, inputs), inputs["events"]
    days = {each.day: {"events": events.snapshot.content(each)} for each in events.slices()}
    return Target({day: replace(made, inputs={**made.inputs, **content}) for day, content in days.items()})


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    events, config = inputs["events"], context.config
    files = day_files(events.snapshot, (each for each in events.slices() if each.day in assignment.days))
    rules = CountingRules(config.shop.time_zone, 60 * config.sequences.session_gap_minutes, config.bots)
    build = partial(DailyBuild, EVENT_COLUMNS, lambda rows, _: count_day(rows, rules))
    return Result(write=lambda folders: build_days(context.spark, build(folders), files))


DAILY = Step(
    name="daily",
    reads=(Read("events", through_day, exact=False, daily=True), GATES),
    writes=("item_days", "user_days"),
    settings=("bots", "sequences.session_gap_minutes", "shop.time_zone"),
    revision=1,
    compute=_compute,
    target=_target,
    makes=makes_through_day,
    guard=require_passed,
)
