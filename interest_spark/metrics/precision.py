"""Precision at k."""

import numpy as np
from numpy.typing import NDArray


def precision(hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of the first k places that hold a relevant item, as in Manning et al. (2008), chapter 8.

        precision@k = |first k items ∩ relevant| / k

    It divides by k also where the list is shorter: what was not suggested cannot be right.

    >>> precision(np.array([[False, True]]), np.array([3])).tolist()
    [0.5]
    """
    values: NDArray[np.float64] = hits.mean(axis=1)
    return values
