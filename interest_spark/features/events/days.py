"""The day that a line belongs to, and events whose time cannot be."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from interest_spark.config.ingest import IngestConfig
from interest_spark.foundation.dates import EARLIEST_INSTANT, LATEST_INSTANT, day_end, day_start

OUT_OF_RANGE = "time_out_of_range"
_INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class LateEvents:
    """Where late events go when days are made as of now: to their own day if that is among `known`.

    Only what belongs to the days to be `made` is kept.
    """

    made: frozenset[str]
    known: frozenset[str]


@dataclass(frozen=True)
class DayRules:
    """`zone` is the shop's; lines without a usable time of a whole history stand under `undatable_day`.

    Without `late` a late event belongs to the day that it was delivered for. Deliveries are cut at midnight in the
    `delivery_zone`, where that is not the shop's.
    """

    ingest: IngestConfig
    zone: ZoneInfo
    undatable_day: date
    late: LateEvents | None = None
    delivery_zone: ZoneInfo | None = None

    def assign(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add `dt`, and refuse events whose time is out of range.

        A line of a day's delivery belongs to that day, and its event may be at most `max_late_days` older, or, where
        clocks of devices run ahead, `max_early_seconds` later than the day; `late` says which events belong to their
        own day all the same. A line of a whole-history delivery belongs to the day of its event.
        """
        time, delivered = pl.col("event_time"), pl.col("delivery_day")
        within = time.is_between(*self._bounds(), closed="left").fill_null(value=False)
        in_delivery = pl.lit(value=True)
        if days := rows["delivery_day"].unique().drop_nulls().to_list():
            starts, ends = (
                delivered.replace_strict(bounds, default=None, return_dtype=_INSTANT)
                for bounds in self._deliveries(days)
            )
            in_delivery = delivered.is_null() | ((time >= starts) & (time < ends))
        event_day = time.dt.convert_time_zone(self.zone.key).dt.date().cast(pl.String)
        day = pl.coalesce(delivered, pl.when(within).then(event_day), pl.lit(self.undatable_day.isoformat()))
        if self.late:
            # What a delivery has of the day after its own is not looked for there when that day is made by itself.
            is_late = delivered.is_null() | (event_day <= delivered)
            is_theirs = within & in_delivery & is_late & event_day.is_in(list(self.late.known))
            day = pl.when(is_theirs).then(event_day).otherwise(day)
        assigned = rows.with_columns(
            reason=pl.when(pl.col("reason").is_null() & ~(within & in_delivery))
            .then(pl.lit(OUT_OF_RANGE))
            .otherwise("reason"),
            dt=day,
        )
        if self.late is None:
            return assigned
        # A file that cannot be read to its end may hold something of any day.
        return assigned.filter(pl.col("dt").is_in(list(self.late.made)) | pl.col("file_fault").is_not_null())

    def _bounds(self) -> tuple[datetime, datetime]:
        first, last = self.ingest.first_day, self.ingest.last_day
        start = day_start(first, self.zone) if first else EARLIEST_INSTANT
        end = day_end(last, self.zone) if last else LATEST_INSTANT
        return max(start, EARLIEST_INSTANT), min(end, LATEST_INSTANT)

    def _deliveries(self, days: Iterable[str]) -> tuple[dict[str, datetime], dict[str, datetime]]:
        """When the events of each day's delivery may begin, and end."""
        starts, ends, zone = {}, {}, self.delivery_zone or self.zone
        for day in days:
            delivered = date.fromisoformat(day)
            # A day before the first instant will do as well as any before it, which may be before all of Python's.
            earliest = max(delivered.toordinal() - self.ingest.max_late_days, EARLIEST_INSTANT.toordinal() - 1)
            starts[day] = day_start(date.fromordinal(earliest), zone)
            ends[day] = day_end(delivered, zone) + timedelta(seconds=self.ingest.max_early_seconds)
        return starts, ends
