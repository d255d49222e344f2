"""Counts of recent days to the items in the order of how often they were used."""

from interest_spark.features.day_files import day_files
from interest_spark.features.popularity import PopularityBuild, rank_items
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step
from interest_spark.steps.reads import NUMBERS, history
from interest_spark.storage.snapshot import Snapshot


def _recent(context: RunContext, table: Snapshot) -> Selection:
    """The days that popularity is counted over, within those of histories."""
    after = history(context, table)["after"] or ""
    return {"after": max(after, context.days_before(context.config.sequences.popularity_days)), "through": context.dt}


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    counts = inputs["item_days"]

    def build(folder: str) -> PopularityBuild:
        files = tuple(day_files(counts.snapshot, counts.slices()))
        behaviors = context.config.sequences.behaviors
        return PopularityBuild(files, tuple(inputs["vocab"].files()), behaviors, context.dt, folder)

    return Result(write=lambda folders: {"popularity": rank_items(context.spark, build(folders["popularity"]))})


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
