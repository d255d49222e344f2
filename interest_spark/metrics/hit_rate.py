"""Hit rate at k."""

import numpy as np
from numpy.typing import NDArray


def hit_rate(hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 where any of the first k items is relevant, else 0: HR@k of Deshpande and Karypis (2004).

    >>> hit_rate(np.array([[True, True], [False, False]]), np.array([2, 1])).tolist()
    [1.0, 0.0]
    """
    values: NDArray[np.float64] = hits.any(axis=1).astype(np.float64)
    return values
