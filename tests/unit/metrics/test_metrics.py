"""The metrics equal their definitions written out in plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.metrics.registry import METRICS

ITEMS = [f"商品{number}" for number in range(12)]
LISTS = st.lists(st.sampled_from(ITEMS), unique=True, max_size=12)
RELEVANT = st.lists(st.sampled_from(ITEMS), unique=True, min_size=1)


def recall(k: int, suggested: list[str], relevant: list[str]) -> float:
    return len(set(suggested[:k]) & set(relevant)) / len(relevant)


def ndcg(k: int, suggested: list[str], relevant: list[str]) -> float:
    dcg = sum(1 / math.log2(place + 1) for place, item in enumerate(suggested[:k], start=1) if item in relevant)
    return dcg / sum(1 / math.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))


def hit_rate(k: int, suggested: list[str], relevant: list[str]) -> float:
    return float(any(item in relevant for item in suggested[:k]))


def mrr(k: int, suggested: list[str], relevant: list[str]) -> float:
    return next((1 / place for place, item in enumerate(suggested[:k], start=1) if item in relevant), 0.0)


DEFINITIONS = {"recall": recall, "ndcg": ndcg, "hit_rate": hit_rate, "mrr": mrr}


def test_every_metric_has_its_definition_here() -> None:
    assert DEFINITIONS.keys() == METRICS.keys()


@pytest.mark.parametrize("name", METRICS)
@given(st.lists(st.tuples(LISTS, RELEVANT), min_size=1, max_size=5), st.integers(1, 12))
def test_equal_to_the_definitions(name: str, users: list[tuple[list[str], list[str]]], k: int) -> None:
    hits = np.zeros((len(users), k), bool)
    for row, (suggested, relevant) in enumerate(users):
        hits[row, : len(suggested[:k])] = [item in relevant for item in suggested[:k]]
    found = METRICS[name](hits, np.array([len(relevant) for _, relevant in users]))
    assert found == pytest.approx([DEFINITIONS[name](k, *user) for user in users], abs=1e-12)
    assert found.dtype == np.float64
    assert ((found >= 0) & (found <= 1)).all()
