"""The share of the relevant items that are among the first k."""

import numpy as np


def recall(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """recall@k = hits / |relevant|.

    It divides by all relevant items, also when there are more than k: with 20 of them recall@10 is .5 at most.

    >>> recall(np.array([[True, False, True]]), np.array([4])).tolist()
    [0.5]
    """
    return hits.sum(axis=1) / relevant
