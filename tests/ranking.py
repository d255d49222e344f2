"""The definitions of the metrics written out in plain Python, for one user."""

import math
from collections.abc import Sequence


def recall(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> float:
    return len(set(suggested[:k]) & set(relevant)) / len(relevant)


def ndcg(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> float:
    dcg = sum(1 / math.log2(place + 1) for place, item in enumerate(suggested[:k], start=1) if item in relevant)
    return dcg / sum(1 / math.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))


def hit_rate(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> float:
    return float(any(item in relevant for item in suggested[:k]))


def mrr(k: int, suggested: Sequence[str], relevant: Sequence[str]) -> float:
    return next((1 / place for place, item in enumerate(suggested[:k], start=1) if item in relevant), 0.0)
