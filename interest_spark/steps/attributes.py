"""Delivered items and users to the latest known attributes of each as of the day."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from interest_spark.config.ingest import IngestConfig
from interest_spark.config.sources import SourceConfig
from interest_spark.features.attributes import latest_attributes
from interest_spark.features.ingest import quarantine_of, write_ledger
from interest_spark.features.quality import check_bad_lines, check_readable, until_too_many_bad_lines, warn_of
from interest_spark.foundation.dates import day_end, parse_zone
from interest_spark.foundation.digest import digest
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Newest, Read, Result, Selection, Step, Target
from interest_spark.sources.canonical import CanonicalReader
from interest_spark.sources.deliveries import Delivery, find_deliveries
from interest_spark.sources.pieces import Piece
from interest_spark.sources.typed_table import typed_table

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import DataFrame

_PREVIOUS = "previous"


def _attributes_step(kind: str, key: str) -> Step:
    """The step that keeps the table `kind`, whose rows are known by `key`."""

    def inapplicable(context: RunContext, inputs: Inputs) -> str | None:
        if _source(context, kind) is None:
            return f"sources.{kind} is not configured"
        return None if _deliveries(context, kind) else f"no {kind} were delivered"

    def target(step: Step, context: RunContext, inputs: Inputs) -> Target:
        found = _deliveries(context, kind)
        prints = {f"files of {day}": digest(files) for day, files in _identities(found).items()}
        new = [each for each in found if _is_new(each, prints, inputs)]
        return Target({context.dt: made_from(step, context, inputs, **prints)}, findings=new)

    def compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
        rows, lines = _typed_lines(context, kind, assignment.findings)
        end = day_end(context.day, parse_zone(context.config.shop.time_zone))
        latest = latest_attributes(rows, inputs[_PREVIOUS].rows(context), kind, key, end, context.dt)
        # Attributes that lie in the event log's own lines: those lines are accounted for already.
        accounted = Counter[tuple[str, str]]() if _shares_files(context, kind) else lines
        frames = {kind: latest.repartition("dt")}
        if any(reason for _, reason in accounted):
            frames["quarantine"] = quarantine_of(rows).coalesce(1)

        def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
            # Few rows, of which the driver knows all: a job of Spark's would take longer than all else on a small day.
            ledger = write_ledger(folders["ingest_ledger"], kind, context.dt, accounted)
            return {**dict.fromkeys(folders, ()), "ingest_ledger": ledger}

        return Result(frames, write=write, persisted=(rows,))

    return Step(
        name=kind,
        # Not exact: what the day's own files say decides; a day before it that is run later adds nothing new.
        reads=(Read(kind, Newest(_before), alias=_PREVIOUS, exact=False),),
        writes=("quarantine", "ingest_ledger", kind),
        settings=("ingest.max_line_bytes", f"sources.{kind}", "shop.time_zone"),
        revision=4,
        compute=compute,
        target=target,
        inapplicable=inapplicable,
    )


def _source(context: RunContext, kind: str) -> SourceConfig | None:
    source: SourceConfig | None = getattr(context.config.sources, kind)
    return source


def _deliveries(context: RunContext, kind: str) -> Sequence[Delivery]:
    """The files of the catch-up window, as of now also of the days that something may come late on.

    All of them where the source does not tell days apart.
    """
    source, settings = _source(context, kind), context.config.ingest
    if source is None:
        return []
    first = context.day - timedelta(settings.catch_up_days)
    last = context.day + timedelta(settings.max_late_days if settings.as_of == "now" else 0)
    return find_deliveries(source, f"sources.{kind}", first=first, last=last, required=False)


def _identities(deliveries: Sequence[Delivery]) -> dict[str, list[tuple[object, ...]]]:
    by_day: dict[str, list[tuple[object, ...]]] = {}
    for delivery in deliveries:
        by_day.setdefault(delivery.day or "every day", []).append(delivery.identity)
    return by_day


def _is_new(delivery: Delivery, prints: dict[str, str], inputs: Inputs) -> bool:
    """Whether the previous day's table does not hold all of the delivery yet.

    A file without a day is read each time: of its lines only those that were known by the end of a day count for it.
    So is one of a later day than the previous one, which may have taken in a part of it.
    """
    previous = inputs[_PREVIOUS]
    before = next(iter(previous.slices()), None)
    if delivery.day is None or before is None or delivery.day > before.day:
        return True
    held = previous.snapshot.made_from(before)
    name = f"files of {delivery.day}"
    return held is None or held.inputs.get(name) != prints[name]


def _before(context: RunContext) -> Selection:
    return {"through": context.days_before(1)}


def _typed_lines(
    context: RunContext, kind: str, deliveries: Sequence[Delivery]
) -> "tuple[DataFrame, Counter[tuple[str, str]]]":
    """Rows of the deliveries, and how many lines each file has by reason, "" for good ones.

    All stand under the run's day, on which they were read.
    """
    source = _source(context, kind)
    if source is None:
        raise ValueError(f"sources.{kind} is not configured")
    ingest = context.config.ingest
    reader = CanonicalReader(kind, source, ingest.max_line_bytes)

    def read(pieces: Iterable[Piece]) -> "Iterator[pl.DataFrame]":
        return until_too_many_bad_lines(reader.read(pieces), ingest)

    rows = typed_table(context.spark, deliveries, kind, read).withColumn("dt", F.lit(context.dt))
    rows = rows.persist(StorageLevel.DISK_ONLY)
    try:
        return rows, _checked_lines(rows, ingest)
    except Exception:
        rows.unpersist()
        raise


def _checked_lines(rows: "DataFrame", ingest: IngestConfig) -> Counter[tuple[str, str]]:
    """The number of lines by file and reason.

    Raises BadDataError for files that cannot be read to their end, or with too many bad lines.
    """
    # Few, and small: some a file.
    names = ("delivery_day", "source_file", "reason", "file_fault", "file_note")
    found = rows.groupBy(*names).count().collect()
    check_readable(row.file_fault for row in found if row.file_fault)
    warn_of(row.file_note for row in found if row.file_note)
    days: defaultdict[str | None, Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in found:
        days[row.delivery_day][row.source_file, row.reason or ""] += row["count"]
    check_bad_lines(days, ingest)
    return sum(days.values(), Counter[tuple[str, str]]())


def _shares_files(context: RunContext, kind: str) -> bool:
    source = _source(context, kind)
    return source is not None and source.path == context.config.sources.events.path


ITEMS = _attributes_step("items", "item_id")
USERS = _attributes_step("users", "user_id")
