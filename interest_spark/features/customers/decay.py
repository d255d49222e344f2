"""Exponential decay in whole numbers: an event that is `age` half-lives old weighs 2^-age of a new one.

Weights are rounded to multiples of 2^-20, once, from the age alone, and counts are whole: so a decayed sum is exact,
whatever the order in which events came and were added up, and what is carried from day to day equals what is made
from nothing, bit by bit. An event of more than 21 half-lives weighs nothing.
"""

import numpy as np

ONE = 1 << 20
"""The weight of a new event."""

BEHAVIOR_UNIT = 1_000
"""A behavior's weight is rounded to one part in so many."""


def weights(half_lives: np.ndarray) -> np.ndarray:
    """The weight of events that are so many half-lives old: int64[m], ONE for new ones.

    >>> weights(np.array([0.0, 1.0, 30.0])).tolist()
    [1048576, 524288, 0]
    """
    return np.rint(ONE * np.exp2(-np.maximum(half_lives, 0.0))).astype(np.int64)


def weights_by_age(half_life: float, last_age: int) -> np.ndarray:
    """The weight of an event by its age in days, from 0 to `last_age`: int64[last_age + 1]."""
    return weights(np.arange(last_age + 1) / half_life)
