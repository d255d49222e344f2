"""From lists of items to the form that metrics take."""

from collections.abc import Collection, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray


def find_hits(
    suggested: Sequence[Sequence[Hashable]], relevant: Sequence[Collection[Hashable]], k: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Hits bool[n, k] and the number of relevant items int64[n].

    suggested: n lists of distinct items, best first, of any length. relevant: as many collections of distinct items.

    >>> find_hits([["a", "b", "c"], []], [["c", "a"], ["b"]], 2)[0].tolist()
    [[True, False], [False, False]]
    """
    hits = np.zeros((len(suggested), k), bool)
    for row, (items, wanted) in enumerate(zip(suggested, map(set, relevant), strict=True)):
        hits[row, : len(items)] = [item in wanted for item in items[:k]]
    return hits, np.array([len(items) for items in relevant], np.int64)
