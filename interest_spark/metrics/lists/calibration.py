"""Whether lists have the mix of categories that their users choose."""

import numpy as np

from interest_spark.metrics.hits import Integers
from interest_spark.metrics.lists.shown import UNKNOWN, Floats, ShownLists

SMOOTHING = 0.01
"""Alpha of Steck (2018): keeps the divergence finite where a list lacks a category."""


def calibration(shown: ShownLists) -> Floats:
    """KL divergence in nats of a list's mix of categories from that of the user's history: Steck (2018), formula 3.

        calibration = sum over categories c of p(c) ln(p(c) / ((1 - .01) q(c) + .01 p(c)))

    p is the share of the history's events in c and q that of the list's items; 0 is perfect. Items whose category
    nobody knows are left out; NaN where that leaves nothing of the history or of the list.
    """
    n = len(shown.items)
    rows = np.broadcast_to(np.arange(n)[:, None], shown.items.shape)[shown.filled]
    width = len(shown.catalogue.category) and int(shown.catalogue.category.max()) + 1
    wanted, p = _shares(shown.history.row, shown.catalogue.category_of(shown.history.item), n, width)
    listed, shares = _shares(rows, shown.catalogue.category_of(shown.items[shown.filled]), n, width)
    q = np.zeros(len(p))
    _, at_wanted, at_listed = np.intersect1d(wanted, listed, assume_unique=True, return_indices=True)
    q[at_wanted] = shares[at_listed]
    divergence = p * np.log(p / ((1 - SMOOTHING) * q + SMOOTHING * p))
    owner = wanted // max(width, 1)
    values = np.bincount(owner, divergence, minlength=n)
    measured = np.isin(np.arange(n), owner) & np.isin(np.arange(n), listed // max(width, 1))
    return np.where(measured, values, np.nan)


def _shares(rows: Integers, category: Integers, n: int, width: int) -> tuple[Integers, Floats]:
    """Distinct keys row * width + category, ascending, and the share of the row's items that each has."""
    known = category != UNKNOWN
    keys, counts = np.unique(rows[known] * width + category[known], return_counts=True)
    of_row = np.bincount(rows[known], minlength=n)
    return keys, counts / of_row[keys // max(width, 1)]
