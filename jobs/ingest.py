"""Raw logs to accepted events, quarantined lines and the latest item and user attributes."""

from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from interest_spark.features.attributes import latest_attributes
from interest_spark.features.ingest import assign_days, events_of, ledger_of, mark_duplicates, quarantine_of
from interest_spark.features.quality import check_bad_share, check_readable
from interest_spark.foundation.dates import day_end, parse_zone
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.job import NOTHING_TO_DO, JobContext, Outcome, job_command, main
from interest_spark.sources.canonical import canonical_rows
from interest_spark.storage.warehouse import StagedRun
from jobs.ingest_plan import ATTRIBUTE_TABLES, IngestPlan, earlier_days, plan_ingest

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_LINES_PER_FILE = 2_000_000


def run(context: JobContext) -> Outcome:
    """Ingest a day's raw logs, and those of earlier days in the catch-up window that are new or changed."""
    plan = plan_ingest(context)
    if not plan.days and not plan.attributes:
        return NOTHING_TO_DO
    rows = {
        kind: _checked_rows(context, plan, kind)
        for kind in ("events", *plan.attributes)
        if plan.days or kind != "events"
    }
    staged = _stage_events(context, plan, rows) if plan.days else []
    staged[:0] = [
        _stage(context, _attributes(context, rows[kind], kind), kind, [context.dt]) for kind in plan.attributes
    ]
    versions = {
        part.table: context.warehouse.commit(
            part,
            job="ingest",
            made_from={day: plan.fingerprint_of(day) for day in part.days},
            replaces_all=plan.whole_history and part.table not in ATTRIBUTE_TABLES,
        )
        for part in staged
    }
    context.spark.catalog.clearCache()
    return Outcome("done", {part.table: part.rows for part in staged}, versions)


def _stage_events(context: JobContext, plan: IngestPlan, rows: "dict[str, DataFrame]") -> list[StagedRun]:
    """Stage all that is kept per raw line; `events`, by which a rerun knows the day is done, last."""
    events = rows["events"]
    counts = check_bad_share(events, context.config.ingest, whole_history=plan.whole_history)
    get_logger().info("lines read", days=len(counts), by_reason=_total_by_reason(counts))
    earlier = context.warehouse.read(context.spark, "events", **earlier_days(context, plan))
    marked = mark_duplicates(events, earlier, context.config.ingest.duplicate_keys).persist(StorageLevel.DISK_ONLY)
    quarantine, ledger, days = quarantine_of(events), ledger_of(events, "events", marked), {*plan.days, *counts}
    for kind in plan.attributes:
        if not _shares_files(context, kind):
            quarantine = quarantine.unionByName(quarantine_of(rows[kind]))
            ledger = ledger.unionByName(ledger_of(rows[kind], kind))
    frames = {"quarantine": quarantine, "ingest_ledger": ledger, "events": events_of(marked)}
    largest_day = max((sum(reasons.values()) for reasons in counts.values()), default=0)
    spread = F.pmod(F.col("source_line"), F.lit(largest_day // _LINES_PER_FILE + 1))
    return [
        _stage(context, frame, table, sorted(days), *([spread] if "source_line" in frame.columns else []))
        for table, frame in frames.items()
    ]


def _checked_rows(context: JobContext, plan: IngestPlan, kind: str) -> "DataFrame":
    config = context.config
    source = getattr(config.sources, kind)
    rows = canonical_rows(context.spark, kind, source, plan.deliveries[kind], config.ingest.max_line_bytes)
    zone = parse_zone(config.shop.time_zone)
    if kind == "events":
        rows = assign_days(rows, config.ingest, zone, context.day)
    else:
        rows = rows.withColumn("dt", F.coalesce("delivery_day", F.lit(context.dt)))
    rows = rows.persist(StorageLevel.DISK_ONLY)
    check_readable(rows)
    return rows


def _attributes(context: JobContext, rows: "DataFrame", kind: str) -> "DataFrame":
    earlier = [day for day in context.warehouse.days(kind) if day < context.dt]
    previous = context.warehouse.read(context.spark, kind, day=earlier[-1] if earlier else "")
    end = day_end(context.day, parse_zone(context.config.shop.time_zone))
    return latest_attributes(rows, previous, kind, ATTRIBUTE_TABLES[kind], end, context.dt)


def _shares_files(context: JobContext, kind: str) -> bool:
    """Attributes that lie in the event log's own lines: those lines are accounted for already."""
    return getattr(context.config.sources, kind).path == context.config.sources.events.path


def _total_by_reason(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for reasons in counts.values():
        for reason, lines in reasons.items():
            totals[reason or "good"] = totals.get(reason or "good", 0) + lines
    return totals


def _stage(context: JobContext, frame: "DataFrame", table: str, days: list[str], *spread: "Column") -> StagedRun:
    """One file a day, or as many as `spread` has values."""
    return context.warehouse.stage(frame.repartition("dt", *spread), table, days, context.run_id)


command = job_command("ingest", run)

if __name__ == "__main__":
    main(command)
