"""From lists of items to the form that metrics take.

One rule holds for all metrics: an item that a list repeats counts at its first place, and its other places are empty.
"""

from collections.abc import Collection, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

NO_ITEM = -1
"""In a matrix of items: the list has none at this place."""

Integers = NDArray[np.int64]


def find_hits(
    suggested: Sequence[Sequence[Hashable]], relevant: Sequence[Collection[Hashable]], k: int
) -> tuple[NDArray[np.bool_], Integers]:
    """Hits bool[n, k] and the number of relevant items int64[n].

    suggested: n lists of items, best first, of any length. relevant: as many collections of items.

    >>> find_hits([["a", "b", "c"], []], [["c", "a"], ["b"]], 2)[0].tolist()
    [[True, False], [False, False]]
    """
    hits, wanted = np.zeros((len(suggested), k), bool), [set(items) for items in relevant]
    for row, items in enumerate(suggested):
        first = list(items[:k])
        hits[row, : len(first)] = [
            item in wanted[row] and item not in first[:place] for place, item in enumerate(first)
        ]
    return hits, np.array([len(items) for items in wanted], np.int64)


def without_repeats(items: Integers) -> Integers:
    """The lists int64[n, k] with NO_ITEM wherever a list has the item at an earlier place already.

    >>> without_repeats(np.array([[4, 7, 4]])).tolist()
    [[4, 7, -1]]
    """
    kept = items.copy()
    for place in range(1, items.shape[1]):
        repeated = (items[:, :place] == items[:, place, None]).any(axis=1)
        kept[repeated, place] = NO_ITEM
    return kept
