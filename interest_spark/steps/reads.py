"""Which slices of a table several steps read."""

from datetime import date, timedelta

from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Inputs, Read, Selection, whole_table
from interest_spark.storage.snapshot import Snapshot

NUMBERS = Read("vocab", whole_table, exact=False)
"""The permanent numbers of all items: what other days add to them changes nothing in what a step makes."""

CATEGORY_NUMBERS = Read("categories", whole_table, exact=False)
"""The permanent numbers of all categories, in the same way."""


def history(context: RunContext, _: Snapshot) -> Selection:
    """The days that histories look back on."""
    days = context.config.sequences.history_days
    return {"after": None if days is None else context.days_before(days), "through": context.dt}


def first_day_of_history(context: RunContext) -> date | None:
    """The first shop-local day of the events within `sequences.history_days`; None where all count."""
    days = context.config.sequences.history_days
    return None if days is None else context.day - timedelta(days - 1)


def require_events(context: RunContext, inputs: Inputs) -> None:
    """Raise BadDataError where no event is known up to the run's day."""
    if not inputs["events"].slices():
        raise BadDataError(
            f"no events up to {context.dt}; run `interest ingest --day {context.dt}` first, or choose a later day"
        )
