"""Days of events made from what is known of them now: from their own delivery, and from those after it.

A late event then belongs to the day on which it happened. While something of a day may still be delivered, each later
run looks at it again. Days that were made otherwise keep their late events where these were delivered.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from interest_spark.features.events.days import LateEvents
from interest_spark.foundation.errors import ConfigError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Input
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.event_sources import find_event_deliveries
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import MadeFrom

MARK = {"as_of": "now"}
"""What the record of such days says beside what they are made from."""


def is_as_of_now(context: RunContext) -> bool:
    """Whether days are made so; a whole history is as of now, whatever is configured."""
    return context.config.ingest.as_of == "now" and context.config.sources.by_day


def late_days(context: RunContext) -> int:
    """How many deliveries after its own a day is made from."""
    return context.config.ingest.max_late_days if is_as_of_now(context) else 0


def can_hold(delivery: Delivery, day: str, context: RunContext) -> bool:
    """Whether something that belongs to the day may lie in the delivery."""
    last = date.fromisoformat(day) + timedelta(late_days(context))
    return delivery.day is None or day <= delivery.day <= last.isoformat()


def later_deliveries(context: RunContext) -> list[Delivery]:
    """Those of the days after the run's own that can hold late events of it."""
    first, last = context.day + timedelta(1), context.day + timedelta(late_days(context))
    if first > last:
        return []
    return find_event_deliveries(context.config.sources, first=first, last=last, required=False)


def days_as_of_now(context: RunContext, events: Input, first: str) -> set[str]:
    """The committed days, from so many before `first` on as events come late, that were made as of now."""
    oldest = date.fromisoformat(first) - timedelta(context.config.ingest.max_late_days + 1)
    slices = events.snapshot.slices(after=oldest.isoformat(), through=context.dt)
    return {each.day for each in slices if _is_marked(events.snapshot.made_from(each))}


def late_events(context: RunContext, events: Input, days: Sequence[str]) -> LateEvents | None:
    """Where late events go when these days, ascending, are made; None where they stay with their delivery.

    Raises ConfigError where days after them would hold late events of theirs a second time, or nobody would.
    """
    for day in days if context.config.sources.by_day else ():
        _check_days_after(context, events, day, days)
    if not is_as_of_now(context):
        return None
    made = frozenset(days)
    return LateEvents(made, made | days_as_of_now(context, events, days[0]))


def _check_days_after(context: RunContext, events: Input, day: str, made: Sequence[str]) -> None:
    committed = events.snapshot
    last = (date.fromisoformat(day) + timedelta(context.config.ingest.max_late_days)).isoformat()
    later = [each for each in committed.days(after=day, through=last) if each not in made]
    if not later:
        return
    was_now = _is_marked(committed.made_from(Slice(day)))
    if is_as_of_now(context) and not was_now:
        raise ConfigError(
            f"events of {later[0]} are there already and may hold late events of {day}; make {day} with "
            "ingest.as_of: arrival, or backfill as of now into an empty warehouse"
        )
    if was_now and not is_as_of_now(context) and any(_is_marked(committed.made_from(Slice(each))) for each in later):
        raise ConfigError(
            f"events of {day} were made with ingest.as_of: now, and days after it leave their late events to it; "
            f"make {day} with ingest.as_of: now again"
        )


def _is_marked(made: MadeFrom | None) -> bool:
    return made is not None and MARK.items() <= made.inputs.items()
