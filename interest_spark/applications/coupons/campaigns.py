"""Who was in which campaign with which coupon, as of the end of a day."""

from collections.abc import Iterator, Sequence

import polars as pl

from interest_spark.features.attributes import AttributeBuild, T
from interest_spark.features.events.days import OUT_OF_RANGE
from interest_spark.storage.parts import empty_frame, write_days

_KEYS = ("user_id", "campaign")
_PLACE = ("source_file", "source_line")


class CampaignBuild(AttributeBuild[T]):
    """Of each user and campaign the first line counts: a later arm is no part of the trial."""

    def judged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """A line tells what was sent, not what will be: one of after the day of its delivery is refused."""
        sent = pl.col("sent_at").dt.convert_time_zone(self.zone).dt.date()
        later = (sent > pl.col("delivery_day").str.to_date("%Y-%m-%d")).fill_null(value=False)
        return rows.with_columns(
            reason=pl.when(later & pl.col("reason").is_null() & pl.col("file_fault").is_null())
            .then(pl.lit(OUT_OF_RANGE))
            .otherwise("reason")
        )

    def known(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Good rows that were sent by the end of the day."""
        columns = empty_frame(self.table).schema
        good = rows.filter(pl.col("reason").is_null() & (pl.col("sent_at") < self.end))
        return good.select(*(pl.col(name).cast(kind) for name, kind in columns.items()), *_PLACE)

    def combine(self, bucket: int, frames: Sequence[pl.DataFrame]) -> Iterator[str]:
        """Writes one row a user and campaign. The place of a line breaks ties of time."""
        if not frames:
            return
        rows = pl.concat(frames).sort("sent_at", *_PLACE)
        first = rows.unique(_KEYS, keep="first", maintain_order=True).drop(*_PLACE).sort(*_KEYS)
        yield from write_days(self.folders[self.table], self.table, first.with_columns(dt=pl.lit(self.dt)), bucket)
