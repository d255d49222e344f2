"""Canonical rows of a delivery to events, quarantined lines and the ledger that proves nothing was lost.

Every raw line ends as exactly one of: accepted, duplicate, quarantined.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pyspark.sql import Window
from pyspark.sql import functions as F

from interest_spark.config.ingest import IngestConfig
from interest_spark.foundation.dates import EARLIEST_INSTANT, LATEST_INSTANT, day_end, day_start
from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

OUT_OF_RANGE = "time_out_of_range"


def local_day(instant: "Column", zone: ZoneInfo) -> "Column":
    """The shop-local day of a UTC instant, `YYYY-MM-DD`."""
    return F.date_format(F.from_utc_timestamp(instant, zone.key), "yyyy-MM-dd")


def assign_days(rows: "DataFrame", ingest: IngestConfig, zone: ZoneInfo, undatable_day: date) -> "DataFrame":
    """Add `dt` and refuse events whose time is out of range.

    A line of a day's delivery belongs to that day, and its event may be at most `max_late_days` older. A line
    of a whole-history delivery belongs to the day of its event; lines without a usable time to `undatable_day`.
    """
    delivered = F.col("delivery_day").cast("timestamp")
    starts = F.to_utc_timestamp(delivered - F.expr(f"interval {ingest.max_late_days} days"), zone.key)
    ends = F.to_utc_timestamp(delivered + F.expr("interval 1 day"), zone.key)
    in_delivery = F.col("delivery_day").isNull() | ((F.col("event_time") >= starts) & (F.col("event_time") < ends))
    refused = F.when(~(in_delivery & _within(ingest, zone)), F.lit(OUT_OF_RANGE))
    event_day = F.when(_within(ingest, zone), local_day(F.col("event_time"), zone))
    return rows.withColumn("reason", F.coalesce("reason", refused)).withColumn(
        "dt", F.coalesce("delivery_day", event_day, F.lit(undatable_day.isoformat()))
    )


def _within(ingest: IngestConfig, zone: ZoneInfo) -> "Column":
    time = F.col("event_time")
    inside = time.isNotNull() & (time >= F.lit(EARLIEST_INSTANT)) & (time < F.lit(LATEST_INSTANT))
    if ingest.first_day:
        inside &= time >= F.lit(day_start(ingest.first_day, zone))
    if ingest.last_day:
        inside &= time < F.lit(day_end(ingest.last_day, zone))
    return inside


def keep_raw_of_refused(rows: "DataFrame") -> "DataFrame":
    """The rows with `raw` for those alone that go to quarantine: it is half of all bytes, and nobody else reads it."""
    return rows.withColumn("raw", F.when(F.col("reason").isNotNull(), F.col("raw")))


def mark_duplicates(rows: "DataFrame", earlier: "DataFrame", keys: Sequence[str]) -> "DataFrame":
    """The rows without a reason, without `raw`, with `duplicate`: a copy of an earlier line or of an `earlier` event.

    The first line in the order of day, file and line is the original; `earlier` events are of days before all `rows`.
    Nulls in `keys` equal each other.
    """
    good = rows.where(F.col("reason").isNull()).drop("raw", "reason", "file_fault", "delivery_day")
    known = earlier.select(*keys, "dt").withColumn("known", F.lit(True))
    both = good.withColumn("known", F.lit(False)).unionByName(known, allowMissingColumns=True)
    # Spark compares the first eight bytes before anything else: of a hash they decide, of two users' ids hardly ever.
    same = (F.xxhash64(*(_hashable(both, key) for key in keys)), *(F.col(key) for key in keys))
    order = Window.partitionBy(*same).orderBy("dt", "source_file", "source_line")
    return both.withColumn("duplicate", F.row_number().over(order) > 1).where(~F.col("known")).drop("known")


def _hashable(rows: "DataFrame", key: str) -> "Column":
    """0.0 and -0.0 are equal, but not their bits."""
    return F.col(key) + F.lit(0.0) if dict(rows.dtypes)[key] == "double" else F.col(key)


def events_of(marked: "DataFrame") -> "DataFrame":
    """Accepted events, columns of `events` and `dt`."""
    return marked.where(~F.col("duplicate")).select(*TABLES["events"].names, "dt")


def quarantine_of(rows: "DataFrame") -> "DataFrame":
    """Refused lines as they were written, each with its reason."""
    return rows.where(F.col("reason").isNotNull()).select(*TABLES["quarantine"].names, "dt")


def ledger_of(rows: "DataFrame", marked: "DataFrame | None" = None) -> "DataFrame":
    """Counts per file and day: raw lines, and what became of them. Without `marked` no line can be a duplicate."""
    refused = F.count(F.when(F.col("reason").isNotNull(), 1))
    counts = rows.groupBy("source_file", "dt").agg(F.count("*").alias("raw_lines"), refused.alias("quarantined"))
    if marked is None:
        counts = counts.withColumn("accepted", F.col("raw_lines") - F.col("quarantined")).withColumn(
            "duplicates", F.lit(0)
        )
    else:
        fates = marked.groupBy("source_file", "dt").agg(
            F.count(F.when(~F.col("duplicate"), 1)).alias("accepted"),
            F.count(F.when(F.col("duplicate"), 1)).alias("duplicates"),
        )
        counts = counts.join(fates, ["source_file", "dt"], how="left")
    names = ("raw_lines", "accepted", "duplicates", "quarantined")
    filled = [F.coalesce(F.col(name), F.lit(0)).cast("bigint").alias(name) for name in names]
    return counts.select("source_file", *filled, "dt")
