"""Recent events to the items in the order of how often they were used."""

from interest_spark.features.popularity import rank_by_popularity
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step
from interest_spark.steps.reads import NUMBERS, history, interest_events
from interest_spark.storage.snapshot import Snapshot


def _recent(context: RunContext, table: Snapshot) -> Selection:
    """The days that popularity is counted over, within those of histories."""
    after = history(context, table)["after"] or ""
    return {"after": max(after, context.days_before(context.config.sequences.popularity_days)), "through": context.dt}


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    events = interest_events(context, inputs)
    ranked = rank_by_popularity(events, inputs["vocab"].rows(context), context.dt)
    return Result({"popularity": ranked.coalesce(1)})


POPULARITY = Step(
    name="popularity",
    reads=(
        Read("events", _recent),
        Read("bots", required=True),
        Read("vocab", alias="new_items", required=True),
        NUMBERS,
    ),
    writes=("popularity",),
    settings=("sequences.behaviors", "sequences.popularity_days", "sequences.history_days"),
    revision=1,
    compute=_compute,
)
