"""How far a day's shares have moved from those of the days before."""

import math
from collections.abc import Mapping, Sequence

Shares = Mapping[str, float]

_UNSEEN = 0.0005
"""The share that a label counts with where it is rarer or missing: a handful of events moves nothing."""


def shares_of(counts: Mapping[str, int]) -> dict[str, float]:
    """Each label's part of all, in the order of labels."""
    total = sum(counts.values())
    return {label: counts[label] / total for label in sorted(counts) if counts[label]}


def mean_shares(days: Sequence[Shares]) -> dict[str, float]:
    """Each label's share on an average day, all days alike."""
    labels = sorted({label for day in days for label in day})
    return {label: sum(day.get(label, 0.0) for day in days) / len(days) for label in labels}


def stability_index(now: Shares, before: Shares) -> float:
    """Population stability index: the sum of (now - before) ln(now / before); 0 for equal shares.

    >>> round(stability_index({"a": 0.5, "b": 0.5}, {"a": 0.4, "b": 0.6}), 4)
    0.0405
    """
    pairs = [(max(now.get(label, 0.0), _UNSEEN), max(before.get(label, 0.0), _UNSEEN)) for label in {*now, *before}]
    return math.fsum((new - old) * math.log(new / old) for new, old in sorted(pairs))
