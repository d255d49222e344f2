"""Histories of the last days, as they would be had the late events been delivered in time: only those that change."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from interest_spark.features.day_files import day_files
from interest_spark.features.sequences.build import BOTS, PEOPLE
from interest_spark.features.sequences.restate import RESTATED, Restatement, restate
from interest_spark.foundation.dates import days_since_1970
from interest_spark.pipeline.carry import TableDay, contents_by_day, holds_of, recorded
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import (
    Assignment,
    Inputs,
    Read,
    Result,
    Selection,
    Step,
    Target,
    newest_day,
    through_day,
)
from interest_spark.steps.reads import CATEGORY_NUMBERS, NUMBERS
from interest_spark.steps.sequences import history_build
from interest_spark.storage.buckets import bucket_count
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import MadeFrom
from interest_spark.storage.snapshot import Snapshot


def _inapplicable(context: RunContext, inputs: Inputs) -> str | None:
    return None if context.config.sequences.restate_days else "sequences.restate_days is 0"


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """The past days that are wanted and have histories: each is current until something of it is delivered late.

    Histories of a day that was delivered anew since are stale themselves: they are to be made anew, not restated.
    """
    histories, contents = inputs[PEOPLE].snapshot, contents_by_day([inputs["events"]])
    made, by_day = made_from(step, context, inputs), dict[str, MadeFrom]()
    for each in inputs[PEOPLE].slices():
        if holds_of(histories.made_from(each), contents, through=each.day):
            late = recorded({key: contents[key] for key in _later_days(context, inputs, each.day)})
            by_day[each.day] = replace(made, inputs={**made.inputs, "histories": histories.content(each), **late})
    written = inputs[RESTATED].snapshot
    return Target({day: each for day, each in by_day.items() if not _knows_more(written.made_from(Slice(day)), each)})


def _knows_more(found: MadeFrom | None, now: MadeFrom) -> bool:
    """Whether a later day's run has taken in all that this one knows, and more: a rerun does not go back behind it."""
    if found is None:
        return False
    further = found.inputs.keys() - now.inputs.keys()
    known = {name: content for name, content in found.inputs.items() if name not in further}
    return bool(further) and not now.changes_since(replace(found, inputs=known))


def _later_days(context: RunContext, inputs: Inputs, day: str) -> list[TableDay]:
    """The days whose deliveries can hold events of `day` or of days before it."""
    last = (date.fromisoformat(day) + timedelta(_late_days(context))).isoformat()
    return [TableDay("events", each.day) for each in inputs["events"].slices() if day < each.day <= last]


def _late_days(context: RunContext) -> int:
    return context.config.ingest.max_late_days


def _past_days(context: RunContext) -> Selection:
    return {"after": context.days_before(context.config.sequences.restate_days + 1), "through": context.days_before(1)}


def _of_past_days(context: RunContext, _: Snapshot) -> Selection:
    return _past_days(context)


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
    events, days = inputs["events"], {each.day for each in _later_days(context, inputs, day)}
    slices = (each for each in events.slices() if each.day in days)
    restatement = Restatement(build, days_since_1970(past.day))
    return restate(context.spark, restatement, day_files(events.snapshot, slices))


RESTATED_SEQUENCES = Step(
    name="restated",
    reads=(
        # The days that count stand in the target.
        Read("events", through_day, exact=False, late=_late_days),
        Read("bots", exact=False),
        NUMBERS,
        Read("items", newest_day, exact=False),
        CATEGORY_NUMBERS,
        Read(BOTS, _of_past_days, exact=False),
        Read(PEOPLE, _of_past_days, exact=False, daily=True),
        Read(RESTATED, _of_past_days, exact=False),
    ),
    writes=(RESTATED,),
    settings=("ingest.max_late_days", "sequences", "shop.time_zone"),
    revision=1,
    compute=_compute,
    target=_target,
    inapplicable=_inapplicable,
    makes=_past_days,
)
