"""The append-only vocabulary: an item's integer is given once and never changes."""

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def new_items(events: "DataFrame", vocab: "DataFrame", dt: str) -> "DataFrame":
    """Rows to append: items of `events` that `vocab` does not hold, numbered on from its largest index.

    The order is first day, then id, so the same events always give the same integers. Columns of `vocab` and `dt`.
    """
    seen = events.groupBy("item_id").agg(F.min("dt").alias("first_day"))
    unknown = seen.join(vocab.select("item_id"), "item_id", how="left_anti")
    # One task numbers the new items of a day; two short columns each, and the sort spills.
    place = F.row_number().over(Window.orderBy("first_day", "item_id"))
    last = vocab.agg(F.coalesce(F.max("item_index"), F.lit(FIRST_ITEM_INDEX - 1)).alias("last"))
    numbered = unknown.withColumn("place", place).join(F.broadcast(last), how="cross")
    numbered = numbered.withColumn("item_index", (F.col("last") + F.col("place")).cast("int"))
    return numbered.select(*TABLES["vocab"].names, F.lit(dt).alias("dt"))
