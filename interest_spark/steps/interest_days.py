"""Each day's events to counts of that day alone by user and interest, which profiles sum up over days."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import polars as pl
import pyarrow as pa

from interest_spark.features.customers.catalogue import read_catalogue
from interest_spark.features.customers.interest_days import EVENT_COLUMNS, count_interests
from interest_spark.features.daily.build import DailyBuild, build_days
from interest_spark.features.day_files import day_files
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import (
    Assignment,
    Inputs,
    Read,
    Result,
    Step,
    Target,
    makes_through_day,
    through_day,
    whole_table,
)
from interest_spark.steps.gates import GATES, require_passed
from interest_spark.storage.layout import Slice

_NO_CATALOGUE = dict.fromkeys(
    ("category", "brand", "price_level"),
    "no day of `items` is committed; configure sources.items and run `interest ingest`",
)


def _catalogues(inputs: Inputs) -> Mapping[str, Slice | None]:
    """The slice of `items` that says what the items of each day's events are.

    It is the newest up to the day. Of days before the shop's first catalogue it is that first one: a first run takes in
    many days of events at once, and their items together with the last of them.
    """
    catalogues = inputs["items"].slices()
    found: dict[str, Slice | None] = {}
    for each in inputs["events"].slices():
        known = [catalogue for catalogue in catalogues if catalogue.day <= each.day]
        found[each.day] = known[-1] if known else next(iter(catalogues), None)
    return found


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """Every day with events up to the run's own: nearly always one is new."""
    made, events, items = made_from(step, context, inputs), inputs["events"].snapshot, inputs["items"].snapshot
    catalogues = _catalogues(inputs)
    days = {
        each.day: {
            "events": events.content(each),
            "items": items.content(catalogue) if (catalogue := catalogues[each.day]) else "none",
        }
        for each in inputs["events"].slices()
    }
    return Target({day: replace(made, inputs={**made.inputs, **content}) for day, content in days.items()})


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    events, items = inputs["events"], inputs["items"].snapshot
    files = day_files(events.snapshot, (each for each in events.slices() if each.day in assignment.days))
    catalogues = {
        day: tuple(items.files(day=each.day)) if each else ()
        for day, each in _catalogues(inputs).items()
        if day in assignment.days
    }
    count = partial(_count, catalogues, context.config.shop.time_zone)
    return Result(
        write=lambda folders: build_days(context.spark, DailyBuild(EVENT_COLUMNS, count, folders), files),
        details={} if all(catalogues.values()) else {"interests_left_out": _NO_CATALOGUE},
    )


def _count(
    catalogues: Mapping[str, tuple[str, ...]], zone: str, events: pl.DataFrame, day: str
) -> Mapping[str, pa.Table]:
    return {"interest_days": count_interests(events, read_catalogue(catalogues[day]), zone)}


INTEREST_DAYS = Step(
    name="interest_days",
    reads=(
        Read("events", through_day, exact=False, daily=True),
        # The whole table: which of its days counts for which day of events follows from what there is.
        Read("items", whole_table, exact=False, daily=True),
        GATES,
    ),
    writes=("interest_days",),
    settings=("shop.time_zone",),
    revision=1,
    compute=_compute,
    target=_target,
    makes=makes_through_day,
    guard=require_passed,
)
