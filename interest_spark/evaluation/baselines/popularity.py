"""The most popular items at the cutoff: the same for everybody, but for what each has seen."""

from typing import TYPE_CHECKING

from interest_spark.evaluation.baselines.baseline import Known, fill_up

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def popularity(known: Known) -> "DataFrame":
    """A Baseline."""
    from pyspark.sql import functions as F

    return fill_up(known.users.withColumn("items", F.array().cast("array<string>")), known)
