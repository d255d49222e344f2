"""Recall at k."""

import numpy as np
from numpy.typing import NDArray


def recall(hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of all relevant items that the first k places hold, as in Manning et al. (2008), chapter 8.

        recall@k = |first k items ∩ relevant| / |relevant|

    It divides by all of them also when there are more than k: with 20 relevant items recall@10 is at most .5.

    >>> recall(np.array([[False, True, False]]), np.array([2])).tolist()
    [0.5]
    """
    values: NDArray[np.float64] = hits.sum(axis=1) / relevant
    return values
