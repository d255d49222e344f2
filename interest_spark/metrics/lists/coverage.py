"""How much of the catalogue is suggested at all."""

from interest_spark.metrics.lists.shown import Floats


def coverage(counts: Floats) -> float:
    """The share of the catalogue's items that are in anybody's list: Ge et al. (2010), formula 2; NaN without items.

    >>> coverage(np.array([3.0, 0.0]))
    0.5
    """
    return float((counts > 0).mean()) if len(counts) else float("nan")
