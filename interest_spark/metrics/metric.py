"""What a ranking metric is: binary relevance, one list and one set of relevant items a user."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

Metric: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Called with hits and relevant, returns one value a user: float64[n], each between 0 and 1.

hits: bool[n, k], whether the suggestion at each of the first k places is relevant, False where a list is shorter.
relevant: int[n], how many relevant items each user has, at least 1 (users without any have no metrics).
"""


def discounts(k: int) -> np.ndarray:
    """What a hit at place i = 1 … k counts: 1 / log2(i + 1), float64[k]."""
    return 1.0 / np.log2(np.arange(k) + 2)
