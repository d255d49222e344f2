"""The metrics equal their definitions written out in plain Python."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.metrics.hits import find_hits
from interest_spark.metrics.metric import METRICS, metric_named
from tests.ranking import average_precision, hit_rate, mrr, ndcg, precision, recall

Definition = Callable[[int, list[str], list[str]], float]
DEFINITIONS: dict[str, Definition] = {
    "recall": recall,
    "ndcg": ndcg,
    "hit_rate": hit_rate,
    "mrr": mrr,
    "precision": precision,
    "map": average_precision,
}
ITEMS = [f"商品{number}" for number in range(12)]
SUGGESTED = st.lists(st.sampled_from(ITEMS))
RELEVANT = st.lists(st.sampled_from(ITEMS), unique=True, min_size=1)


def test_every_metric_has_its_definition_here() -> None:
    assert DEFINITIONS.keys() == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
@given(users=st.lists(st.tuples(SUGGESTED, RELEVANT), min_size=1, max_size=8), k=st.integers(1, 14))
def test_equal_to_the_definition(name: str, users: list[tuple[list[str], list[str]]], k: int) -> None:
    """Lists shorter and longer than k, none, repeated items, all hits, more relevant items than places."""
    suggested, relevant = map(list, zip(*users, strict=True))
    values = metric_named(name)(*find_hits(suggested, relevant, k))
    assert values.dtype == np.float64 and values.shape == (len(users),)
    assert values.tolist() == [pytest.approx(DEFINITIONS[name](k, items, wanted), abs=1e-12) for items, wanted in users]


@pytest.mark.parametrize("name", METRICS)
def test_nobody(name: str) -> None:
    assert metric_named(name)(*find_hits([], [], 3)).shape == (0,)


def test_by_hand() -> None:
    """Relevant are b and x; b stands at the second of three places."""
    hits, relevant = find_hits([["a", "b", "c", "x"]], [["b", "x"]], 3)
    assert hits.tolist() == [[False, True, False]] and relevant.tolist() == [2]
    values = {name: metric_named(name)(hits, relevant).item() for name in METRICS}
    second = 1 / math.log2(3)
    assert values == {
        "recall": 0.5,
        "ndcg": pytest.approx(second / (1 + second)),
        "hit_rate": 1.0,
        "mrr": 0.5,
        "precision": 1 / 3,
        "map": 0.25,
    }
