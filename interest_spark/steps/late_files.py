"""Raw files that came for a day after its events were made, and that no run takes in by itself."""

from collections.abc import Sequence
from datetime import timedelta

from interest_spark.foundation.digest import digest
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Input
from interest_spark.sources.contents import as_known
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.event_sources import find_event_deliveries
from interest_spark.steps.as_of_now import is_as_of_now
from interest_spark.storage.layout import Slice

FILES = "files"
"""The name under which the record of a day has the digest of the files that it was made from."""

_NAMED = 3


def warn_of_late_files(context: RunContext, events: Input) -> None:
    """Log the days before the catch-up window whose files are no longer those that they were made from.

    Looked at are as many days as events may come late. As of now, days take in what comes later by themselves.
    """
    sources, ingest = context.config.sources, context.config.ingest
    last = context.day - timedelta(ingest.catch_up_days + 1)
    first = context.day - timedelta(ingest.max_late_days)
    if not sources.by_day or is_as_of_now(context) or first > last:
        return
    by_day: dict[str, list[Delivery]] = {}
    for each in find_event_deliveries(sources, first=first, last=last, required=False):
        by_day.setdefault(each.day or "", []).append(each)
    for day, deliveries in by_day.items():
        record = events.snapshot.record(Slice(day))
        made = record.of(day) if record else None
        if record is not None and made is not None and made.inputs.get(FILES) != _digest_of(deliveries):
            deliveries = as_known(deliveries, record.files)
        if made is not None and FILES in made.inputs and made.inputs[FILES] != _digest_of(deliveries):
            get_logger().warning(
                f"raw files of {day} came or changed after its events were made; backfill from {day}, or raise "
                "ingest.catch_up_days",
                files=[each.path for each in _late(deliveries, made.inputs[FILES])],
            )


def _late(deliveries: Sequence[Delivery], known: str) -> Sequence[Delivery]:
    """The file without which the day is what it was made from; where there is none such, the newest files."""
    newest = sorted(deliveries, key=lambda each: (each.modified.zfill(20), each.path), reverse=True)[:_NAMED]
    alone = (late for late in newest if _digest_of([each for each in deliveries if each is not late]) == known)
    return [found] if (found := next(alone, None)) else newest


def _digest_of(deliveries: Sequence[Delivery]) -> str:
    return digest([each.identity for each in deliveries])
