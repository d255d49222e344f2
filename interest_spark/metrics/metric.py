"""What a metric is, and which there are.

The metric of name N is the function N of the module `metrics/N.py`; a further one is such a file and its name here.
"""

from importlib import import_module
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

METRICS = ("recall", "ndcg", "hit_rate", "mrr", "precision", "map")


class Metric(Protocol):
    """One value in 0 … 1 for each of n users, of binary relevance at the first k places: float64[n].

    hits: bool[n, k], whether the item at each place is relevant, best place first; False where a list has no item.
    relevant: int[n], how many items are relevant to each user, at least 1: without any there is nothing to measure.
    """

    def __call__(self, hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> NDArray[np.float64]: ...


def metric_named(name: str) -> Metric:
    """The metric, which is one of METRICS."""
    metric: Metric = getattr(import_module(f"interest_spark.metrics.{name}"), name)
    return metric
