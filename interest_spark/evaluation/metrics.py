"""Ranking metrics, defined once: binary relevance, one list and one set of relevant items a user.

    recall@k = |first k suggestions ∩ relevant| / |relevant|
    DCG@k    = sum over places i = 1 … k of [item i is relevant] / log2(i + 1)
    NDCG@k   = DCG@k / DCG@k of the best possible list, which has min(k, |relevant|) hits in front

Recall divides by all relevant items, also when there are more than k of them: a user with 20 relevant
items has at most recall@10 = .5. NDCG is that of Järvelin and Kekäläinen (2002). A list shorter than k
misses the places it does not have. Users without relevant items have no metrics; leave them out before.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_Z = 1.959963984540054  # two-sided 95 % of the normal distribution
_DECIMALS = 9  # below these, the order in which a cluster adds numbers would show


def recall_at(k: int, suggested: "Column", relevant: "Column") -> "Column":
    """recall@k of the distinct items `suggested`, best first, against the non-empty array `relevant`."""
    from pyspark.sql import functions as F

    hits = F.size(F.array_intersect(F.slice(suggested, 1, k), relevant))
    return hits / F.size(relevant)


def ndcg_at(k: int, suggested: "Column", relevant: "Column") -> "Column":
    """NDCG@k of the distinct items `suggested`, best first, against the distinct items `relevant`, not empty."""
    from pyspark.sql import functions as F

    def discounted_gain(item: "Column", place: "Column") -> "Column":
        return F.when(F.array_contains(relevant, item), 1.0 / F.log2(place + 2)).otherwise(0.0)

    gains = F.transform(F.slice(suggested, 1, k), discounted_gain)
    dcg = F.aggregate(gains, F.lit(0.0), lambda total, gain: total + gain)
    return dcg / F.element_at(F.array(*[F.lit(ideal) for ideal in _ideal_dcg(k)]), F.least(F.size(relevant), F.lit(k)))


def mean_with_interval(figures: "DataFrame", *keys: str) -> "DataFrame":
    """The mean of `value` by `keys` with its 95 % interval `low` … `high` and the number of `users`.

    Normal approximation, mean ± 1.96 s / sqrt(n); the bounds are null for a single user.
    """
    from pyspark.sql import functions as F

    mean, half = F.mean("value"), F.lit(_Z) * F.stddev_samp("value") / F.sqrt(F.count("value"))
    return figures.groupBy(*keys).agg(
        F.round(mean, _DECIMALS).alias("value"),
        F.round(mean - half, _DECIMALS).alias("low"),
        F.round(mean + half, _DECIMALS).alias("high"),
        F.count("value").alias("users"),
    )


def _ideal_dcg(k: int) -> list[float]:
    """DCG of a list with 1, 2, … k hits in front."""
    totals, total = [], 0.0
    for place in range(1, k + 1):
        total += 1.0 / math.log2(place + 1)
        totals.append(total)
    return totals
