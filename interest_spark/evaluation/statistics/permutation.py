"""Whether a difference could be chance: the paired permutation test, by signs.

Where a model and a baseline are equally good, each user's difference could as well have had the other sign. The test
(Fisher 1935; Smucker, Allan and Carterette 2007 recommend it for rankings) flips the signs of all users at random,
again and again, and counts how often the mean is as far from zero as it was found. As in `paired.py` a user's signs
follow from the user's key alone, so that only sums leave the tasks.
"""

import numpy as np
from numpy.typing import NDArray

from interest_spark.evaluation.statistics.paired import Floats, random_bits

FLIPS = 2_048  # a multiple of the bits of a draw
_BITS = 64
_USERS_AT_ONCE = 128  # whose signs in all flips stay in a core's cache
_SEED = 1
_ROUNDING = 1e-9  # sums whose terms were added in another order are as large


def flipped_sums(keys: NDArray[np.int64], differences: Floats, flips: int = FLIPS, seed: int = _SEED) -> Floats:
    """float64[flips, k]: the sums of the differences, float64[n, k], under random signs of the users.

    keys: int64[n]. flips: a multiple of 64. Users without any difference cost nothing.
    """
    sums = np.zeros((flips, differences.shape[1]))
    moved = np.flatnonzero(differences.any(axis=1))
    for first in range(0, len(moved), _USERS_AT_ONCE):
        part = moved[first : first + _USERS_AT_ONCE]
        sums += signs(keys[part], flips, seed) @ differences[part]
    return sums


def signs(keys: NDArray[np.int64], flips: int, seed: int) -> Floats:
    """+1 or -1, equally often, for each key in each flip: float64[flips, n]."""
    draws = random_bits(keys, flips // _BITS, seed)  # [flips / 64, n]
    bits = (draws[:, None, :] >> np.arange(_BITS, dtype=np.uint64)[None, :, None]) & np.uint64(1)
    return bits.reshape(flips, len(keys)).astype(np.float64) * 2 - 1


def two_sided_p(total: float, flipped: Floats) -> float:
    """How likely a sum at least as far from zero as `total` is, by the `flipped` ones: (1 + as far) / (1 + flips).

    The found sum counts as one of them, so that the test is exact (Phipson and Smyth 2010) and never gives 0.
    """
    as_far = np.abs(flipped) >= abs(total) * (1 - _ROUNDING)
    return float((1 + as_far.sum()) / (1 + len(flipped)))


def holm(values: Floats) -> Floats:
    """p-values of several tests, so adjusted that all together err with the chosen probability: Holm (1979).

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(values, kind="stable")
    steps = (len(values) - np.arange(len(values))) * values[order]
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(values) else steps
    return adjusted
