"""Histories of the last days, as they would be had the late events been delivered in time: only those that change."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from interest_spark.features.day_files import day_files
from interest_spark.features.sequences.build import BOTS, PEOPLE
from interest_spark.features.sequences.restate import RESTATED, Restatement, restate
from interest_spark.foundation.dates import days_since_1970
from interest_spark.pipeline.carry import contents_by_day, holds_of
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, Target, newest_day, through_day
from interest_spark.steps.reads import CATEGORY_NUMBERS, NUMBERS
from interest_spark.steps.sequences import history_build
from interest_spark.storage.buckets import bucket_count


def _inapplicable(context: RunContext, inputs: Inputs) -> str | None:
    return None if context.config.sequences.restate_days else "sequences.restate_days is 0"


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """The past days that are wanted and have histories: each is current until something of it is delivered late.

    Histories of a day that was delivered anew since are stale themselves: they are to be made anew, not restated.
    """
    histories, contents = inputs[PEOPLE].snapshot, contents_by_day([inputs["events"]])
    first, last = context.days_before(context.config.sequences.restate_days + 1), context.days_before(1)
    days = (each for each in histories.slices(after=first, through=last))
    current = [each for each in days if holds_of(histories.made_from(each), contents, through=each.day)]
    made = made_from(step, context, inputs)
    known = {each.day: {"histories": histories.content(each)} for each in current}
    late = {day: {key: contents[key] for key in _later_days(context, inputs, day)} for day in known}
    return Target({day: replace(made, inputs={**made.inputs, **known[day], **late[day]}) for day in known})


def _later_days(context: RunContext, inputs: Inputs, day: str) -> list[str]:
    """The keys of the days whose deliveries can hold events of `day` or of days before it."""
    last = (date.fromisoformat(day) + timedelta(context.config.ingest.max_late_days)).isoformat()
    return [f"events of {each.day}" for each in inputs["events"].slices() if day < each.day <= last]


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        return {RESTATED: [path for day in assignment.days for path in _restate_day(context, inputs, day, folders)]}

    return Result(write=write)


def _restate_day(context: RunContext, inputs: Inputs, day: str, folders: Mapping[str, str]) -> list[str]:
    earlier = {table: inputs[table].snapshot.files(day=day) for table in (BOTS, PEOPLE)}
    buckets = bucket_count([file for files in earlier.values() for file in files])
    if buckets is None:
        return []  # of that day nobody is known, or a release made it whose buckets this one cannot tell
    past = context.on(date.fromisoformat(day))
    build = replace(history_build(past, inputs, buckets, earlier), folders=folders)
    events, days = inputs["events"], set(_later_days(context, inputs, day))
    slices = (each for each in events.slices() if f"events of {each.day}" in days)
    restatement = Restatement(build, days_since_1970(past.day))
    return restate(context.spark, restatement, day_files(events.snapshot, slices))


RESTATED_SEQUENCES = Step(
    name="restated",
    reads=(
        Read("events", through_day, exact=False),  # the days that count stand in the target, as do the histories
        Read("bots", exact=False),
        NUMBERS,
        Read("items", newest_day, exact=False),
        CATEGORY_NUMBERS,
        Read(BOTS, through_day, exact=False),
        Read(PEOPLE, through_day, exact=False),
    ),
    writes=(RESTATED,),
    settings=("ingest.max_late_days", "sequences", "shop.time_zone"),
    revision=1,
    compute=_compute,
    target=_target,
    inapplicable=_inapplicable,
)
