"""Raw event logs to accepted events, quarantined lines and the ledger of what became of each."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from interest_spark.features.ingest import (
    assign_days,
    events_of,
    keep_raw_of_refused,
    ledger_of,
    mark_duplicates,
    quarantine_of,
)
from interest_spark.features.quality import check_bad_share, check_readable
from interest_spark.foundation.dates import parse_zone
from interest_spark.foundation.digest import digest
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, Target, through_day
from interest_spark.sources.canonical import canonical_rows
from interest_spark.sources.deliveries import Delivery, find_deliveries

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_LINES_PER_FILE = 2_000_000


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """The delivered days of the catch-up window, or the whole history where the source does not tell days apart.

    Copies are judged in the order of days, so a day that is new or changed makes those after it stale.
    """
    source = context.config.sources.events
    first = context.day - timedelta(days=context.config.ingest.catch_up_days)
    found = find_deliveries(source, "sources.events", first=first, last=context.day)
    by_day: dict[str, list[Delivery]] = {}
    for delivery in found:
        by_day.setdefault(delivery.day or context.dt, []).append(delivery)
    from_by_day = {
        day: made_from(step, context, inputs, files=digest([delivery.identity for delivery in delivered]))
        for day, delivered in by_day.items()
    }
    return Target(from_by_day, whole_table=not source.by_day, in_order=True, findings=found)


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    config, whole = context.config, not context.config.sources.events.by_day
    deliveries = [each for each in assignment.findings if each.day is None or each.day in assignment.days]
    rows = _typed_lines(context, deliveries)
    counts = check_bad_share(rows, config.ingest, whole_history=whole)
    get_logger().info("lines read", days=len(counts), by_reason=_total_by_reason(counts))
    earlier = _earlier_events(context, inputs, None if whole else assignment.days[0])
    marked = mark_duplicates(rows, earlier, config.ingest.duplicate_keys).persist(StorageLevel.DISK_ONLY)
    largest_day = max((sum(reasons.values()) for reasons in counts.values()), default=0)
    spread = F.pmod(F.col("source_line"), F.lit(largest_day // _LINES_PER_FILE + 1))
    frames = {
        "quarantine": quarantine_of(rows).repartition("dt", spread),
        "ingest_ledger": ledger_of(rows, marked).repartition("dt"),
        "events": events_of(marked).repartition("dt", spread),
    }
    return Result(frames, days=sorted(counts) if whole else ())


def _typed_lines(context: RunContext, deliveries: Sequence[Delivery]) -> "DataFrame":
    config = context.config
    zone = parse_zone(config.shop.time_zone)
    rows = canonical_rows(context.spark, "events", config.sources.events, deliveries, config.ingest.max_line_bytes)
    dated = assign_days(rows, config.ingest, zone, context.day)
    rows = keep_raw_of_refused(dated).persist(StorageLevel.DISK_ONLY)
    check_readable(rows)
    return rows


def _earlier_events(context: RunContext, inputs: Inputs, first_day: str | None) -> "DataFrame":
    """The committed events that a line of `first_day` or later can be a copy of; none for a whole history."""
    if first_day is None:
        return inputs["events"].snapshot.read(context.spark, day="")
    first = date.fromisoformat(first_day)
    oldest, last = first - timedelta(days=context.config.ingest.max_late_days + 1), first - timedelta(days=1)
    return inputs["events"].snapshot.read(context.spark, after=oldest.isoformat(), through=last.isoformat())


def _total_by_reason(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for reasons in counts.values():
        for reason, lines in reasons.items():
            totals[reason or "good"] = totals.get(reason or "good", 0) + lines
    return totals


EVENTS = Step(
    name="events",
    reads=(Read("events", through_day, exact=False),),
    writes=("quarantine", "ingest_ledger", "events"),
    settings=("ingest", "sources.events", "shop.time_zone"),
    irrelevant=("ingest.max_bad_share", "ingest.tolerated_reasons", "ingest.catch_up_days"),
    revision=3,
    compute=_compute,
    target=_target,
)
