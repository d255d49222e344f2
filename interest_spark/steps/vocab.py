"""Events to permanent numbers for items that have none yet."""

from pyspark.sql import functions as F

from interest_spark.features.vocab import new_items
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step
from interest_spark.steps.reads import NUMBERS, history, interest_events, require_events


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    require_events(context, inputs)
    events = interest_events(context, inputs)
    known = inputs["vocab"].rows(context)
    given_today = known.where(F.col("dt") == context.dt)  # by an earlier run of the day: they stay
    return Result({"vocab": given_today.unionByName(new_items(events, known, context.dt)).coalesce(1)})


VOCAB = Step(
    name="vocab",
    reads=(Read("events", history), Read("bots", required=True), NUMBERS),
    writes=("vocab",),
    settings=("sequences.behaviors", "sequences.history_days"),
    revision=1,
    compute=_compute,
    exclusive=True,
)
