"""How unequally the catalogue's items are suggested."""

import numpy as np

from interest_spark.metrics.lists.shown import Floats


def gini(counts: Floats) -> float:
    """Gini index of how often the V items are suggested, as in Fleder and Hosanagar (2009); NaN without suggestions.

        gini = sum over i of (2 i - V - 1) x_i / (V sum x), x ascending, i = 1 … V

    0 where all are suggested equally often, 1 - 1/V where only one ever is.

    >>> gini(np.array([0.0, 0.0, 0.0, 8.0]))
    0.75
    """
    total, items = counts.sum(), len(counts)
    if not total:
        return float("nan")
    return float((2 * np.arange(1, items + 1) - items - 1) @ np.sort(counts) / (items * total))
