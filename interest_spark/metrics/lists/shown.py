"""What metrics of lists look at: lists of items by number, and what is known of their users and items."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from interest_spark.metrics.hits import NO_ITEM, Integers

Floats = NDArray[np.float64]
C = TypeVar("C", np.float64, np.int64)

UNKNOWN = -1
"""The category of an item whose category nobody knows."""


@dataclass(frozen=True)
class Pairs:
    """Items of users, aligned: `row` int64[p], the place of the user, and `item` int64[p]."""

    row: Integers
    item: Integers


@dataclass(frozen=True)
class Catalogue:
    """What was known of each item, by its number: columns of length V. `total` is what `events` count altogether.

    Numbers from V on stand for items of which nothing was known.
    """

    events: Floats
    category: Integers
    total: float

    def events_of(self, items: Integers) -> Floats:
        """0 for what the catalogue does not hold, in the shape of `items`."""
        return _looked_up(self.events, items, np.float64(0))

    def category_of(self, items: Integers) -> Integers:
        """UNKNOWN for what the catalogue does not hold, in the shape of `items`."""
        return _looked_up(self.category, items, np.int64(UNKNOWN))


@dataclass(frozen=True)
class ShownLists:
    """Lists of n users.

    items: int64[n, k], best first, without repeats, NO_ITEM where a list is shorter. hits: bool[n, k], which of them
    are relevant. expected: int64[n, any], what the same users would have got from popularity alone. history: every
    event of the users, as far as it is kept. seen: every distinct item that they ever used.
    """

    items: Integers
    hits: NDArray[np.bool_]
    expected: Integers
    history: Pairs
    seen: Pairs
    catalogue: Catalogue

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Which places hold an item: bool[n, k]."""
        filled: NDArray[np.bool_] = self.items != NO_ITEM
        return filled


def mean_of_places(values: Floats, filled: NDArray[np.bool_]) -> Floats:
    """The mean of each row's filled places, NaN where there is none: float64[n]."""
    return ratio(np.where(filled, values, 0.0).sum(axis=1), filled.sum(axis=1))


def ratio(part: Floats | Integers, whole: Floats | Integers) -> Floats:
    """The quotient, NaN where there is nothing to divide by."""
    divisor: Floats = np.asarray(whole, np.float64)
    divided: Floats = np.divide(part, divisor, out=np.full(divisor.shape, np.nan), where=divisor > 0)
    return divided


def among(rows: Integers, items: Integers, pairs: Pairs) -> NDArray[np.bool_]:
    """Which of the items, in any shape, are in the pairs of the same row."""
    if not pairs.item.size or not items.size:
        return np.zeros(items.shape, bool)
    width = max(int(items.max()), int(pairs.item.max())) + 1
    found: NDArray[np.bool_] = np.isin(rows * width + items, pairs.row * width + pairs.item) & (items != NO_ITEM)
    return found


def _looked_up(column: NDArray[C], items: Integers, missing: C) -> NDArray[C]:
    known = (items >= 0) & (items < len(column))
    found: NDArray[C] = np.full(items.shape, missing, column.dtype)
    found[known] = column[items[known]]
    return found
