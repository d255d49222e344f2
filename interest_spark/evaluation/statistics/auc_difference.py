"""By how much one score's AUC exceeds another's for the same rows: a paired bootstrap over users.

An AUC is no mean over users, so that each resample has an AUC of its own: users get weights from Poisson(1), the same
for both scores and for all rows of a user, and the weighted areas are compared. The interval is of percentiles (Efron
and Tibshirani 1993): a difference of areas is nearly normal.
"""

import numpy as np
from numpy.typing import NDArray

from interest_spark.evaluation.statistics.paired import COVERAGE, Floats, PairedInterval, poisson_weights

RESAMPLES = 1_000
_AT_ONCE = 50  # resamples whose weights of all rows are in memory together


def weighted_auc(churned: NDArray[np.bool_], score: Floats, weights: Floats) -> Floats:
    """P(a positive row has the higher score), ties half, of each resample: float64[resamples].

    churned: bool[n], score: float64[n], weights: float64[resamples, n]; NaN where a resample has one label alone.
    """
    order = np.argsort(score, kind="stable")
    ordered, label = score[order], churned[order]
    firsts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    drawn = weights[:, order]
    positives = np.add.reduceat(drawn * label, firsts, axis=1)
    negatives = np.add.reduceat(drawn * ~label, firsts, axis=1)
    below = np.cumsum(negatives, axis=1) - negatives / 2
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(pairs > 0, (positives * below).sum(axis=1) / pairs, np.nan)
    return found


def auc_difference(
    churned: NDArray[np.bool_],
    score: Floats,
    reference: Floats,
    users: NDArray[np.int64],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedInterval:
    """The difference and its 95 % interval; no bounds where there are not two users or not both labels.

    churned: bool[n]. score, reference: float64[n], higher for likelier. users: int64[n], equal for rows of one user.
    """
    distinct, place = np.unique(users, return_inverse=True)
    one = np.ones((1, len(users)))
    difference = float((weighted_auc(churned, score, one) - weighted_auc(churned, reference, one))[0])
    if len(distinct) < 2 or not 0 < churned.sum() < len(churned):
        return PairedInterval(difference, None, None, len(distinct))
    found: list[Floats] = []
    draws = poisson_weights(distinct, resamples, seed)
    for first in range(0, resamples, _AT_ONCE):
        weights = draws[first : first + _AT_ONCE][:, place]
        found.append(weighted_auc(churned, score, weights) - weighted_auc(churned, reference, weights))
    known = np.concatenate(found)
    known = known[~np.isnan(known)]
    if not len(known):
        return PairedInterval(difference, None, None, len(distinct))
    low, high = np.quantile(known, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return PairedInterval(difference, float(low), float(high), len(distinct))
