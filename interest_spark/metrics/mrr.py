"""Mean reciprocal rank at k."""

import numpy as np
from numpy.typing import NDArray


def mrr(hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 / the place of the first relevant item, counted from 1, and 0 without one in the first k: Voorhees (1999).

    >>> mrr(np.array([[False, True], [False, False]]), np.array([2, 1])).tolist()
    [0.5, 0.0]
    """
    return np.where(hits.any(axis=1), 1.0 / (hits.argmax(axis=1) + 1), 0.0)
