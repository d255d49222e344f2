"""The definitions of the metrics written out in plain Python, for one user.

An item that a list repeats counts at its first place.
"""

import math
from collections.abc import Sequence


def recall(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> float:
    return len(set(suggested[:k]) & set(relevant)) / len(relevant)


def ndcg(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> float:
    dcg = sum(1 / math.log2(place + 1) for place in places_of_hits(k, suggested, relevant))
    return dcg / sum(1 / math.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))


def hit_rate(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> float:
    return float(any(item in relevant for item in suggested[:k]))


def mrr(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> float:
    return next((1 / place for place, item in enumerate(suggested[:k], start=1) if item in relevant), 0.0)


def precision(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> float:
    return len(places_of_hits(k, suggested, relevant)) / k


def average_precision(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> float:
    places = places_of_hits(k, suggested, relevant)
    return sum(number / place for number, place in enumerate(places, start=1)) / min(k, len(relevant))


def places_of_hits(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> list[int]:
    """From 1."""
    return [
        place
        for place, item in enumerate(suggested[:k], start=1)
        if item in relevant and item not in suggested[: place - 1]
    ]
