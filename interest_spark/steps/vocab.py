"""Counts of days to permanent numbers for items that have none yet."""

from pyspark.sql import functions as F

from interest_spark.features.vocab import new_items
from interest_spark.pipeline.carry import changed_days, contents_by_day
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, Target
from interest_spark.steps.reads import NUMBERS, history, interest_counts, require_events


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """The run's own day, for which only days are looked at of which no earlier one has numbered the items.

    An item of a machine is numbered, too: who is one today may be none tomorrow.
    """
    made = made_from(step, context, inputs, **contents_by_day([inputs["item_days"]]))
    return Target({context.dt: made}, findings=changed_days(context, made, inputs["vocab"].snapshot))


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    require_events(context, inputs)
    counts = interest_counts(context, inputs).where(F.col("dt").isin(assignment.findings))
    known = inputs["vocab"].rows(context)
    given_today = known.where(F.col("dt") == context.dt)  # by an earlier run of the day: they stay
    return Result({"vocab": given_today.unionByName(new_items(counts, known, context.dt)).coalesce(1)})


VOCAB = Step(
    name="vocab",
    reads=(
        Read("events", history, exact=False),
        Read("item_days", history, exact=False),  # each day of it stands in the target
        NUMBERS,
    ),
    writes=("vocab",),
    settings=("sequences.behaviors", "sequences.history_days"),
    revision=2,
    compute=_compute,
    exclusive=True,
    target=_target,
)
