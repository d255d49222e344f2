"""How often each item was used lately: the fallback for users without a history, and the baseline to beat."""

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def rank_by_popularity(events: "DataFrame", vocab: "DataFrame", dt: str) -> "DataFrame":
    """Every item of `events`, most events first, ties by item_index: columns of `popularity` and `dt`."""
    counts = events.groupBy("item_id").agg(F.count("*").alias("events"))
    known = counts.join(vocab.select("item_id", "item_index"), "item_id", how="inner")
    rank = F.row_number().over(Window.orderBy(F.desc("events"), "item_index"))
    return known.withColumn("rank", rank.cast("int")).select(*TABLES["popularity"].names, F.lit(dt).alias("dt"))
