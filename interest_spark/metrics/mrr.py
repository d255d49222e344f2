"""Reciprocal rank, whose mean over users is the MRR (Voorhees 1999, TREC-8)."""

import numpy as np


def mrr(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """RR@k = 1 / place of the first hit, 0 without one.

    >>> mrr(np.array([[False, True, True], [False, False, False]]), np.array([2, 1])).tolist()
    [0.5, 0.0]
    """
    return np.where(hits.any(axis=1), 1.0 / (hits.argmax(axis=1) + 1), 0.0)
