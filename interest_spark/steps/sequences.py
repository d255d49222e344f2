"""Events to one ordered history a user as of the end of the day, carried on from those of an earlier day."""

from datetime import date
from functools import partial

from interest_spark.features.sequences.build import (
    BOTS,
    PEOPLE,
    EventFile,
    HistoryBuild,
    buckets_for,
    buckets_to_go_on,
    build_histories,
)
from interest_spark.features.sequences.histories import Window
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.carry import contents_by_day, earlier_day
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Input, Inputs, Read, Result, Step, Target, newest_day, through_day
from interest_spark.steps.reads import CATEGORY_NUMBERS, NUMBERS, history, require_events

_EPOCH = date(1970, 1, 1)


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    made = made_from(step, context, inputs, **contents_by_day([inputs["events"]]))
    return Target({context.dt: made}, findings=earlier_day(context, made, [inputs[BOTS], inputs[PEOPLE]]))


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    require_events(context, inputs)
    settings, files = context.config.sequences, {name: tuple(each.files()) for name, each in inputs.items()}
    start: str | None = assignment.findings
    earlier = _files_of_day(start, inputs[BOTS], inputs[PEOPLE]) if start else {}
    events = _event_files(context, inputs, after=start or "")
    buckets = buckets_to_go_on(earlier, sum(file.size for file in events)) if earlier else None
    if buckets is None:
        earlier, events = {}, _event_files(context, inputs)
        buckets = buckets_for(events, context.config.spark.shuffle_partitions)
    get_logger().info("histories", go_on_from=start if earlier else None, files=len(events), buckets=buckets)
    build = partial(
        HistoryBuild,
        vocab=files["vocab"],
        items=files["items"],
        categories=files["categories"],
        bots=files["bots"],
        behaviors=tuple(settings.behaviors),
        window=Window(settings.max_length, _first_day(context), context.config.shop.time_zone),
        day=context.dt,
        buckets=buckets,
        earlier={table: tuple(each) for table, each in earlier.items()},
    )
    return Result(write=lambda folders: build_histories(context.spark, build(folders=folders), events))


def _files_of_day(day: str, *tables: Input) -> dict[str, list[str]]:
    return {each.snapshot.table: each.snapshot.files(day=day) for each in tables}


def _event_files(context: RunContext, inputs: Inputs, after: str = "") -> list[EventFile]:
    """Every file of events of the days after `after`: also who had an event long ago has a row."""
    events = inputs["events"]
    first = history(context, events.snapshot)["after"] or ""
    return [
        EventFile(f"{events.snapshot.folder}/{path}", events.snapshot.size_of(path), each.day, each.day > first)
        for each in events.slices()
        if each.day > after
        for path in events.snapshot.files_of(each)
    ]


def _first_day(context: RunContext) -> int | None:
    """The first day of events within `sequences.history_days`, counted from 1970."""
    days = context.config.sequences.history_days
    return None if days is None else (context.day - _EPOCH).days - days + 1


SEQUENCES = Step(
    name="sequences",
    reads=(
        Read("events", through_day, exact=False),  # each day of it stands in the target
        Read("bots", required=True),
        Read("vocab", alias="new_items", required=True),
        NUMBERS,
        Read("items", newest_day),
        Read("categories", alias="new_categories", required=True),
        CATEGORY_NUMBERS,
        Read(BOTS, through_day, exact=False),
        Read(PEOPLE, through_day, exact=False),
    ),
    writes=(BOTS, PEOPLE),
    settings=("sequences.behaviors", "sequences.max_length", "sequences.history_days", "shop.time_zone"),
    revision=5,
    compute=_compute,
    target=_target,
)
