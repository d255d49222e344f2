"""Means over users with their confidence intervals."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054  # two-sided 95 % of the normal distribution
DECIMALS = 9  # below these, the order in which a cluster adds numbers would show


@dataclass(frozen=True)
class MeanInterval:
    """A mean over `users` and its 95 % interval `low` … `high`; None without users, bounds also for a single one."""

    value: float | None
    low: float | None
    high: float | None
    users: int


def power_sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many values there are, their sum and the sum of their squares; NaN is no value."""
    there = values[~np.isnan(values)]
    return np.array([len(there), there.sum(), there @ there])


def mean_with_interval(sums: NDArray[np.float64]) -> MeanInterval:
    """From the `power_sums` of all users, which add up: normal approximation, mean ± 1.96 s / sqrt(n).

    >>> mean_with_interval(power_sums(np.array([0.0, 1.0, 1.0, 0.0])))
    MeanInterval(value=0.5, low=-0.065790538, high=1.065790538, users=4)
    """
    users, total, squares = int(sums[0]), float(sums[1]), float(sums[2])
    if not users:
        return MeanInterval(None, None, None, 0)
    mean = total / users
    if users == 1:
        return MeanInterval(round(mean, DECIMALS), None, None, 1)
    half = _Z * math.sqrt(max(squares - total * mean, 0.0) / (users - 1) / users)
    return MeanInterval(round(mean, DECIMALS), round(mean - half, DECIMALS), round(mean + half, DECIMALS), users)
