"""How sure figures of uplift are: the bootstrap over customers, for any figure of weighted rows of a trial."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from interest_spark.evaluation.statistics.intervals import DECIMALS
from interest_spark.evaluation.statistics.paired import COVERAGE, poisson_weights
from interest_spark.metrics.uplift.curve import Floats, UpliftRows

UPLIFT_RESAMPLES = 1_000
_AT_ONCE = 50  # resamples whose weights are held together


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval `low` … `high`; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None

    def is_above(self, bound: float) -> bool:
        """Whether the whole interval is."""
        return self.low is not None and self.low > bound


def bootstrapped(
    statistic: Callable[[UpliftRows], float],
    rows: UpliftRows,
    keys: NDArray[np.int64],
    resamples: int = UPLIFT_RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The figure of all rows, with percentiles of the same figure in resamples (Efron and Tibshirani 1993).

    keys: int64[n], what tells customers apart. Resamples in which the figure is not defined are left out; where these
    are more than a half, there is no interval.
    """
    found = resampled(lambda each: np.array([statistic(each)]), rows, keys, resamples, seed)
    return percentiles(statistic(rows), found[:, 0])


def resampled(
    statistics: Callable[[UpliftRows], Floats],
    rows: UpliftRows,
    keys: NDArray[np.int64],
    resamples: int = UPLIFT_RESAMPLES,
    seed: int = 0,
) -> Floats:
    """Several figures of each resample: float64[resamples, k].

    All rows of a customer weigh the same in a resample, a whole number from Poisson(1), which follows from the key and
    the seed alone, as in paired.py: figures of several sets of rows may be added up, resample by resample. Equal
    arguments give equal results.
    """
    customers, place = np.unique(keys, return_inverse=True)
    found = []
    for first in range(0, resamples, _AT_ONCE):
        drawn = poisson_weights(customers, min(_AT_ONCE, resamples - first), seed * resamples + first)
        found += [statistics(replace(rows, weight=rows.weight * each[place])) for each in drawn]
    return np.array(found)


def percentiles(value: float, resampled: Floats) -> Interval:
    """The interval of a figure's values in resamples, float64[r], NaN where it is not defined."""
    known = resampled[~np.isnan(resampled)]
    if np.isnan(value) or len(known) * 2 < len(resampled) or not len(known):
        return Interval(None if np.isnan(value) else round(value, DECIMALS), None, None)
    low, high = np.quantile(known, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Interval(round(value, DECIMALS), round(float(low), DECIMALS), round(float(high), DECIMALS))
