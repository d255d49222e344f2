"""Normalised discounted cumulative gain at k."""

import numpy as np
from numpy.typing import NDArray


def ndcg(hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """NDCG@k with binary gains: Järvelin and Kekäläinen (2002), discounted from the second place on by log2(i + 1).

        DCG@k  = sum over the places i = 1 … k of [item i is relevant] / log2(i + 1)
        NDCG@k = DCG@k / DCG@k of the best possible list, which has min(k, |relevant|) hits in front

    >>> ndcg(np.array([[True, False], [False, True]]), np.array([1, 3])).round(3).tolist()
    [1.0, 0.387]
    """
    k = hits.shape[1]
    discounts = 1.0 / np.log2(np.arange(k) + 2)
    best = np.cumsum(discounts)  # of lists with 1, 2, … k hits in front
    values: NDArray[np.float64] = (hits * discounts).sum(axis=1) / best[np.minimum(relevant, k) - 1]
    return values
