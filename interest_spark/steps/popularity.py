"""Counts of recent days to the items in the order of how often they were used."""

from interest_spark.features.popularity import rank_by_popularity
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step
from interest_spark.steps.reads import NUMBERS, history, interest_counts
from interest_spark.storage.snapshot import Snapshot


def _recent(context: RunContext, table: Snapshot) -> Selection:
    """The days that popularity is counted over, within those of histories."""
    after = history(context, table)["after"] or ""
    return {"after": max(after, context.days_before(context.config.sequences.popularity_days)), "through": context.dt}


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    counts = interest_counts(context, inputs)
    ranked = rank_by_popularity(counts, inputs["vocab"].rows(context), context.dt)
    return Result({"popularity": ranked.coalesce(1)})


POPULARITY = Step(
    name="popularity",
    reads=(
        Read("item_days", _recent),
        Read("vocab", alias="new_items", required=True),
        NUMBERS,
    ),
    writes=("popularity",),
    settings=("sequences.behaviors", "sequences.popularity_days", "sequences.history_days"),
    revision=2,
    compute=_compute,
)
