"""Diversity within lists."""

import numpy as np

from interest_spark.metrics.lists.shown import UNKNOWN, Floats, ShownLists, ratio


def diversity(shown: ShownLists) -> Floats:
    """The share of a list's pairs of items that are of two categories: Ziegler et al. (2005), as a distance.

        diversity = |pairs of two categories| / |pairs|

    Items whose category nobody knows are left out; fewer than two others have no diversity (NaN). It is RecTools'
    IntraListDiversity with the Hamming distance of a one-column feature.
    """
    category = shown.catalogue.category_of(shown.items)  # [n, k]
    known = (category != UNKNOWN) & shown.filled
    differ, pairs = np.zeros(len(category)), np.zeros(len(category))
    for place in range(1, category.shape[1]):
        both = known[:, :place] & known[:, place, None]
        pairs += both.sum(axis=1)
        differ += (both & (category[:, :place] != category[:, place, None])).sum(axis=1)
    return ratio(differ, pairs)
