"""Customer features with what is to be learnt from them."""

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def labelled(features: "DataFrame", positives: "DataFrame", opt_outs: "DataFrame | None") -> "DataFrame":
    """The features with `is_positive`: whether the user is among `positives`. Who has opted out is not learnt from."""
    from pyspark.sql import functions as F

    known = features if opt_outs is None else features.join(opt_outs.select("user_id"), "user_id", how="left_anti")
    marked = positives.select("user_id").distinct().withColumn("is_positive", F.lit(True))
    return known.join(marked, "user_id", how="left").withColumn("is_positive", F.coalesce("is_positive", F.lit(False)))


def who_did(user_days: "DataFrame", behavior: str, after: date, through: date) -> "DataFrame":
    """The ids of those with an event of the behavior on a shop-local day after `after`, up to `through`."""
    from pyspark.sql import functions as F

    within = (F.col("event_day") > F.lit(after)) & (F.col("event_day") <= F.lit(through))
    return user_days.where(within & (F.col(behavior) > 0)).select("user_id").distinct()
