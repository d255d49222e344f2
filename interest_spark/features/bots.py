"""Users whose traffic is a machine's: too much of it, round the clock, or with the beat of a timer."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pyspark.sql import Window
from pyspark.sql import functions as F

from interest_spark.config.bots import BotsConfig
from interest_spark.features.ingest import local_day
from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def detect_bots(events: "DataFrame", bots: BotsConfig, zone: ZoneInfo, dt: str) -> "DataFrame":
    """One row a user who on any shop-local day crossed a threshold: columns of `bots` and `dt`.

    `gap variation` is the coefficient of variation of the seconds between a day's consecutive events: people
    pause irregularly (well above 1), timers do not.
    """
    days = _busy_days(events, bots, zone)
    volume = F.col("day_events") > bots.max_events_per_day
    hours = F.col("active_hours") >= bots.max_active_hours
    rhythm = (F.col("day_events") >= bots.min_events_for_rhythm) & (F.col("gap_variation") < bots.min_gap_variation)
    reason = F.when(volume, "volume").when(hours, "round_the_clock").when(rhythm, "rhythm")
    flagged = days.withColumn("reason", reason).where(F.col("reason").isNotNull())
    return (
        flagged.groupBy("user_id")
        .agg(
            F.concat_ws(",", F.array_sort(F.collect_set("reason"))).alias("reason"),
            F.max("day_events").alias("busiest_day_events"),
            F.max("active_hours").cast("int").alias("active_hours"),
            F.max(F.struct("event_day", _evidence())).getField("evidence").alias("evidence"),
        )
        .select(*TABLES["bots"].names, F.lit(dt).alias("dt"))
    )


def without_users(rows: "DataFrame", users: "DataFrame") -> "DataFrame":
    """The rows of everybody else."""
    return rows.join(users.select("user_id"), "user_id", how="left_anti")


def _busy_days(events: "DataFrame", bots: BotsConfig, zone: ZoneInfo) -> "DataFrame":
    """Per user and day `day_events, active_hours, gap_variation`; only for days busy enough to be suspect."""
    local = F.from_utc_timestamp("event_time", zone.key)
    timed = events.select(
        "user_id",
        local_day(F.col("event_time"), zone).alias("event_day"),
        F.hour(local).alias("hour"),
        F.unix_micros("event_time").alias("microsecond"),
    )
    suspect = min(bots.min_events_for_rhythm, bots.max_events_per_day, bots.max_active_hours)
    busy = timed.groupBy("user_id", "event_day").count().where(F.col("count") >= suspect).drop("count")
    # Few days are that busy, so that the sort for the gaps stays small.
    timed = timed.join(busy, ["user_id", "event_day"], how="left_semi")
    order = Window.partitionBy("user_id", "event_day").orderBy("microsecond")
    gap = F.col("microsecond") - F.lag("microsecond").over(order)
    return (
        timed.withColumn("gap", gap)
        .groupBy("user_id", "event_day")
        .agg(
            F.count("*").alias("day_events"),
            F.countDistinct("hour").alias("active_hours"),
            (F.stddev_pop("gap") / F.avg("gap")).alias("gap_variation"),
        )
    )


def _evidence() -> "Column":
    text = F.format_string(
        "%s: %d events in %d hours, gap variation %.2f", "event_day", "day_events", "active_hours", "gap_variation"
    )
    return text.alias("evidence")
