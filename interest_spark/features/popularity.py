"""How often each item was used lately: the fallback for users without a history, and the baseline to beat."""

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def rank_by_popularity(counts: "DataFrame", vocab: "DataFrame", dt: str) -> "DataFrame":
    """Every item with events of people in `counts`, rows of `item_days`, most events first, ties by item_index.

    Columns of `popularity` and `dt`.
    """
    by_people = F.sum(F.col("events") - F.col("bot_events")).alias("events")
    counts = counts.groupBy("item_id").agg(by_people).where(F.col("events") > 0)
    known = counts.join(vocab.select("item_id", "item_index"), "item_id", how="inner")
    rank = F.row_number().over(Window.orderBy(F.desc("events"), "item_index"))
    return known.withColumn("rank", rank.cast("int")).select(*TABLES["popularity"].names, F.lit(dt).alias("dt"))
