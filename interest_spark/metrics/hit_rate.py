"""Whether anything relevant is among the first k; with one relevant item the HR@k of publications."""

import numpy as np


def hit_rate(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """HR@k = 1 if there is a hit, else 0.

    >>> hit_rate(np.array([[False, True], [False, False]]), np.array([3, 1])).tolist()
    [1.0, 0.0]
    """
    return hits.any(axis=1).astype(np.float64)
