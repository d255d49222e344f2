"""Which slices of a table several steps read."""

from typing import TYPE_CHECKING

from interest_spark.features.bots import without_users
from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Inputs, Read, Selection, whole_table
from interest_spark.storage.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NUMBERS = Read("vocab", whole_table, exact=False)
"""The permanent numbers of all items: what other days add to them changes nothing in what a step makes."""

CATEGORY_NUMBERS = Read("categories", whole_table, exact=False)
"""The permanent numbers of all categories, in the same way."""


def history(context: RunContext, _: Snapshot) -> Selection:
    """The days that histories look back on."""
    days = context.config.sequences.history_days
    return {"after": None if days is None else context.days_before(days), "through": context.dt}


def require_events(context: RunContext, inputs: Inputs) -> None:
    """Raise BadDataError where no event is known up to the run's day."""
    if not inputs["events"].slices():
        raise BadDataError(
            f"no events up to {context.dt}; run `interest ingest --day {context.dt}` first, or choose a later day"
        )


def interest_events(context: RunContext, inputs: Inputs) -> "DataFrame":
    """The input `events` without those of the input `bots`, of the behaviors that count as interest."""
    from pyspark.sql import functions as F

    events = without_users(inputs["events"].rows(context), inputs["bots"].rows(context))
    return events.where(F.col("behavior").isin(*context.config.sequences.behaviors))
