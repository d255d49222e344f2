"""Average precision at k, whose mean over users is MAP."""

import numpy as np
from numpy.typing import NDArray


def map(hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """AP@k as in Manning et al. (2008), chapter 8, cut at k.

        AP@k = sum over the places i = 1 … k of [item i is relevant] precision@i / min(k, |relevant|)

    It divides by what the best list of k items would reach, so that the best list has 1. RecTools divides by |relevant|
    and RePlay by k, which no list can reach where more, or fewer, items are relevant than there are places.

    >>> map(np.array([[True, False, True]]), np.array([2])).round(3).tolist()
    [0.833]
    """
    k = hits.shape[1]
    precisions = np.cumsum(hits, axis=1) / (np.arange(k) + 1)  # [n, k]
    values: NDArray[np.float64] = (hits * precisions).sum(axis=1) / np.minimum(relevant, k)
    return values
