"""How much of lists their users know already."""

import numpy as np

from interest_spark.metrics.lists.shown import Floats, ShownLists, among, ratio


def repeat_share(shown: ShownLists) -> Floats:
    """The share of a list's items that the user has used before: 0 where the shop excludes these."""
    known = among(np.arange(len(shown.items))[:, None], shown.items, shown.seen)
    return ratio(known.sum(axis=1), shown.filled.sum(axis=1))
