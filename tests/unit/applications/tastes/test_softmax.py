"""Shares of clusters equal the softmax of all scores at once, in however many blocks these come."""

import numpy as np
import pytest

from interest_spark.applications.tastes import softmax
from interest_spark.applications.tastes.softmax import ClusterSoftmax


def directly(vectors: np.ndarray, cluster: np.ndarray, users: np.ndarray, scale: float) -> np.ndarray:
    """The definition, in double precision: float64[n, clusters]."""
    scores = scale * users.astype(np.float64) @ vectors.astype(np.float64).T
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    return np.stack([chances[:, cluster == each].sum(axis=1) for each in range(cluster[-1] + 1)], axis=1)


def units(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize(("items", "users", "scale"), [(7, 1, 1.0), (100, 5, 20.0), (20_000, 300, 5.0)])
def test_shares_are_those_of_the_softmax(items: int, users: int, scale: float) -> None:
    rng = np.random.default_rng(items)
    vectors, asked = (units(rng.normal(size=(rows, 16))) for rows in (items, users))
    cluster = np.sort(rng.integers(0, 5, items))
    cluster = np.unique(cluster, return_inverse=True)[1]
    found = ClusterSoftmax(vectors, cluster, scale).shares(asked)
    np.testing.assert_allclose(found, directly(vectors, cluster, asked, scale), atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)


def test_the_highest_scores_may_come_in_any_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 90, which would overflow if a sum began with lower ones, and of -90."""
    monkeypatch.setattr(softmax, "_ITEMS_PER_BLOCK", 3)
    vectors = np.repeat(np.array([[-1.0], [0.0], [1.0]], np.float32), 4, axis=0)
    cluster = np.repeat(np.arange(3), 4)
    users = np.array([[90.0], [-90.0], [0.0]], np.float32)
    found = ClusterSoftmax(vectors, cluster, 1.0).shares(users)
    np.testing.assert_allclose(found, [[0, 0, 1], [1, 0, 0], [1 / 3] * 3], atol=1e-12)


def test_a_users_shares_do_not_depend_on_who_else_is_asked() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(500, 32)).astype(np.float32)
    users = rng.normal(size=(200, 32)).astype(np.float32)
    asked = ClusterSoftmax(vectors, np.repeat(np.arange(5), 100), 1.0)
    together = asked.shares(users)
    assert all(np.array_equal(asked.shares(users[[place]])[0], together[place]) for place in (0, 77, 130, 199))
