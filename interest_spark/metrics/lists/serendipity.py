"""Serendipity of lists."""

import numpy as np

from interest_spark.metrics.hits import NO_ITEM
from interest_spark.metrics.lists.shown import Floats, Pairs, ShownLists, among, ratio


def serendipity(shown: ShownLists) -> Floats:
    """The share of a list that is relevant and not what everybody would have suggested: Ge et al. (2010), section 3.

        serendipity = |list ∩ relevant, without the popularity baseline's list for the same user| / |list|

    RecTools' metric of that name weighs places by ranks instead and needs no baseline.
    """
    rows, places = np.nonzero(shown.expected != NO_ITEM)
    expected = Pairs(rows, shown.expected[rows, places])
    surprising = shown.hits & ~among(np.arange(len(shown.items))[:, None], shown.items, expected)
    return ratio(surprising.sum(axis=1), shown.filled.sum(axis=1))
