"""Means over users with their confidence intervals."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_Z = 1.959963984540054  # two-sided 95 % of the normal distribution
DECIMALS = 9  # below these, the order in which a cluster adds numbers would show


def mean_with_interval(figures: "DataFrame", *keys: str) -> "DataFrame":
    """The mean of `value` by `keys` with its 95 % interval `low` … `high` and the number of `users`.

    Normal approximation, mean ± 1.96 s / sqrt(n); the bounds are null for a single user.
    """
    from pyspark.sql import functions as F

    mean, half = F.mean("value"), F.lit(_Z) * F.stddev_samp("value") / F.sqrt(F.count("value"))
    return figures.groupBy(*keys).agg(
        F.round(mean, DECIMALS).alias("value"),
        F.round(mean - half, DECIMALS).alias("low"),
        F.round(mean + half, DECIMALS).alias("high"),
        F.count("value").alias("users"),
    )
