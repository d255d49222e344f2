"""Events to the users whose traffic is a machine's."""

from interest_spark.features.bots import detect_bots
from interest_spark.foundation.dates import parse_zone
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step
from interest_spark.steps.reads import history, require_events


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    require_events(context, inputs)
    config = context.config
    bots = detect_bots(inputs["events"].rows(context), config.bots, parse_zone(config.shop.time_zone), context.dt)
    return Result({"bots": (bots if config.bots.enabled else bots.limit(0)).coalesce(1)})


BOTS = Step(
    name="bots",
    reads=(Read("events", history),),
    writes=("bots",),
    settings=("bots", "shop.time_zone", "sequences.history_days"),
    revision=1,
    compute=_compute,
)
