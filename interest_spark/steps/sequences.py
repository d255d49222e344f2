"""Events to one ordered history a user as of the end of the day."""

from pyspark.sql import functions as F

from interest_spark.features.bots import without_users
from interest_spark.features.sequences.histories import build_sequences, catalogue_of, empty_histories
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, newest_day, through_day
from interest_spark.steps.reads import CATEGORY_NUMBERS, NUMBERS, history, require_events


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    require_events(context, inputs)
    config, bots = context.config, inputs["bots"].rows(context)
    events = without_users(inputs["events"].rows(context), bots)
    events = events.where(F.col("behavior").isin(*config.sequences.behaviors))
    catalogue = catalogue_of(*(inputs[table].rows(context) for table in ("vocab", "items", "categories")))
    partitions = config.spark.shuffle_partitions
    histories = build_sequences(events, catalogue, config.sequences.max_length, partitions, context.dt)
    everyone = without_users(inputs["all_events"].rows(context), bots)
    return Result({"sequences": histories.unionByName(empty_histories(everyone, events, context.dt).coalesce(1))})


SEQUENCES = Step(
    name="sequences",
    reads=(
        Read("events", history),
        Read("bots", required=True),
        Read("vocab", alias="new_items", required=True),
        NUMBERS,
        Read("items", newest_day),
        Read("categories", alias="new_categories", required=True),
        CATEGORY_NUMBERS,
        Read("events", through_day, alias="all_events"),
    ),
    writes=("sequences",),
    settings=("sequences.behaviors", "sequences.max_length", "sequences.history_days"),
    revision=3,
    compute=_compute,
)
