"""The metrics of lists written out in plain Python, for one user or for all lists; None where nothing is measured."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations


@dataclass(frozen=True)
class PlainItems:
    """Of each item its events and its category, where known."""

    events: Mapping[str, int]
    category: Mapping[str, str]


@dataclass(frozen=True)
class PlainUser:
    relevant: Sequence[str]
    history: Sequence[str] = ()
    seen: Sequence[str] = ()
    popular: Sequence[str] = field(default=())


def shortened(k: int, suggested: Sequence[str]) -> list[str]:
    """The list as it counts: its first k places without repeats."""
    return list(dict.fromkeys(suggested[:k]))


def novelty(items: PlainItems, user: PlainUser, listed: Sequence[str]) -> float | None:
    every = max(sum(items.events.values()), 1)
    return _mean([-math.log2(max(items.events.get(item, 0), 1) / every) for item in listed])


def average_popularity(items: PlainItems, user: PlainUser, listed: Sequence[str]) -> float | None:
    return _mean([items.events.get(item, 0) for item in listed])


def diversity(items: PlainItems, user: PlainUser, listed: Sequence[str]) -> float | None:
    known = [items.category[item] for item in listed if item in items.category]
    return _mean([float(one != other) for one, other in combinations(known, 2)])


def serendipity(items: PlainItems, user: PlainUser, listed: Sequence[str]) -> float | None:
    return _mean([float(item in user.relevant and item not in user.popular) for item in listed])


def repeat_share(items: PlainItems, user: PlainUser, listed: Sequence[str]) -> float | None:
    return _mean([float(item in user.seen) for item in listed])


def calibration(items: PlainItems, user: PlainUser, listed: Sequence[str]) -> float | None:
    p, q = (
        _shares([items.category[item] for item in each if item in items.category]) for each in (user.history, listed)
    )
    if not p or not q:
        return None
    return sum(share * math.log(share / (0.99 * q.get(name, 0.0) + 0.01 * share)) for name, share in p.items())


def coverage(catalogue: Sequence[str], lists: Sequence[Sequence[str]]) -> float:
    return len({item for listed in lists for item in listed}) / len(catalogue)


def gini(catalogue: Sequence[str], lists: Sequence[Sequence[str]]) -> float | None:
    """Half the mean absolute difference of two items' numbers of suggestions, by their mean."""
    counts = Counter(item for listed in lists for item in listed)
    numbers = [counts[item] for item in catalogue]
    if not sum(numbers):
        return None
    differences = sum(abs(one - other) for one in numbers for other in numbers)
    return differences / (2 * len(numbers) * sum(numbers))


def _shares(names: Sequence[str]) -> dict[str, float]:
    return {name: count / len(names) for name, count in Counter(names).items()}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
