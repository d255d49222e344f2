"""Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002, doi:10.1145/582415.582418)."""

import numpy as np

from interest_spark.metrics.metric import discounts


def ndcg(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """DCG@k = sum over hits at places i of 1 / log2(i + 1), divided by that of min(k, |relevant|) hits in front.

    >>> ndcg(np.array([[False, True, False]]), np.array([1])).round(3).tolist()
    [0.631]
    """
    gains = discounts(hits.shape[1])
    ideal = np.cumsum(gains)[np.minimum(relevant, hits.shape[1]) - 1]
    return hits @ gains / ideal
