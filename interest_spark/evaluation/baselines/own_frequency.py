"""What the user chose most often so far: the baseline that is hard to beat where people buy the same again.

(Jannach and Ludewig 2017, doi:10.1145/3109859.3109872, and Hu et al. 2020, arXiv:2006.00556, for next baskets.) Items
that may not be suggested to the user take no place in the list. Where seen items are excluded nothing of the user's
own is left, and the list is that of popularity.
"""

from typing import TYPE_CHECKING

from interest_spark.evaluation.baselines.baseline import Known, fill_up

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def own_frequency(known: Known) -> "DataFrame":
    """A Baseline: most events first, then the later last event, then the id; filled up with popular items."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    mine = known.history.where(~F.col("item_id").isin(*known.score.blocked_items))
    mine = mine.join(known.users, "user_id", how="inner")
    if known.score.exclude_seen:
        mine = mine.join(known.vocab.select("item_id", "item_index"), "item_id", how="left")
        mine = mine.where(~F.coalesce(F.array_contains("seen", F.col("item_index")), F.lit(False)))
    counts = mine.groupBy("user_id", "item_id").agg(F.count("*").alias("events"), F.max("event_time").alias("last"))
    order = Window.partitionBy("user_id").orderBy(F.desc("events"), F.desc("last"), "item_id")
    best = counts.withColumn("place", F.row_number().over(order)).where(F.col("place") <= known.k)
    placed = F.sort_array(F.collect_list(F.struct("place", "item_id")))
    own = best.groupBy("user_id").agg(placed["item_id"].alias("items"))
    return fill_up(known.users.join(own, "user_id", how="left"), known)
