"""Parts of the judged users, and of what they did, that the model's figures are given for once more.

A slice of users, as `activity=10-49`, has the users it names with all their relevant items. A slice of items, as
`item_age=0-6`, or of events, as `behavior=purchase`, has everyone with such a relevant item, and nothing else is
relevant in it: what a user liked beside it is neither a hit nor missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interest_spark.metrics.hits import Integers

ACTIVITY = (1, 5, 10, 50, 200)
"""First numbers of events of the classes of users: those with fewer than five are cold."""
AGE = (0, 7, 30, 90)
"""First days of the classes of items by how long they had been there; `new` ones came after the lists were made."""
EVENTS = (0, 1, 10, 100)
"""First numbers of recent events of the classes of items: those without any are cold."""
NEW = "new"


@dataclass(frozen=True)
class Partition:
    """Disjoint slices: `labels`, and to which of these each user or relevant item belongs, -1 to none: int64[n]."""

    labels: Sequence[str]
    codes: Integers

    def members(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Each label that has any, with who they are."""
        for code in np.unique(self.codes[self.codes >= 0]).tolist():
            yield self.labels[code], self.codes == code


def by_range(name: str, values: Integers, firsts: Sequence[int], below: str | None = None) -> Partition:
    """By the class of numbers that a value is in; values below the first class are in `below`, or in none.

    >>> by_range("activity", np.array([3, 70]), (1, 5, 50)).labels
    ['activity=1-4', 'activity=5-49', 'activity=50+']
    """
    ends = [*(str(following - 1) for following in firsts[1:]), ""]
    labels = [
        f"{name}={first}" if str(first) == end else f"{name}={first}{'-' + end if end else '+'}"
        for first, end in zip(firsts, ends, strict=True)
    ]
    codes = np.searchsorted(np.array(firsts), values, side="right").astype(np.int64) - 1
    if below is not None:
        labels, codes = [*labels, f"{name}={below}"], np.where(codes < 0, len(labels), codes)
    return Partition(labels, codes)


def by_value(name: str, values: Sequence[str | None]) -> Partition:
    """By a text; None is in no slice."""
    labels = sorted({value for value in values if value is not None})
    place = {label: code for code, label in enumerate(labels)}
    codes = np.array([-1 if value is None else place[value] for value in values], np.int64)
    return Partition([f"{name}={label}" for label in labels], codes)
