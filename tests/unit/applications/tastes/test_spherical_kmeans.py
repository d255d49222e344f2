"""Clusters of directions: planted ones are found, whatever their vectors' lengths, and the same each time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from interest_spark.applications.tastes.spherical_kmeans import cluster_directions


def planted(groups: int, each: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Shuffled vectors about `groups` orthogonal directions, of lengths from 0.1 to 10; and the group of each."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(groups), each))
    around = np.eye(width)[group] + rng.normal(0, 0.05, (len(group), width))
    return (around * rng.uniform(0.1, 10, (len(group), 1))).astype(np.float32), group


def test_planted_groups_are_found() -> None:
    for seed in range(10):
        vectors, group = planted(groups=12, each=15, width=16, seed=seed)
        found = cluster_directions(vectors, 12, seed)
        pairs = set(zip(group.tolist(), found.number.tolist(), strict=True))
        assert len(pairs) == 12, f"seed {seed}"
        assert found.cosine.min() > 0.9


def test_clusters_are_numbered_by_descending_size() -> None:
    vectors = np.repeat(np.eye(4, dtype=np.float32), (2, 9, 2, 5), axis=0)
    found = cluster_directions(vectors, 4, seed=3)
    assert found.number.tolist() == [2] * 2 + [0] * 9 + [3] * 2 + [1] * 5


def test_a_further_round_would_change_nothing() -> None:
    """Every vector is in the cluster of the nearest mean direction."""
    vectors = np.random.default_rng(5).normal(size=(3_000, 8)).astype(np.float32)
    found = cluster_directions(vectors, 20, seed=1)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    centres = np.stack([units[found.number == number].sum(axis=0) for number in range(20)])
    cosines = units @ (centres / np.linalg.norm(centres, axis=1, keepdims=True)).T
    assert (cosines.argmax(axis=1) == found.number).mean() > 0.999  # ties by rounding apart
    np.testing.assert_allclose(found.cosine, cosines.max(axis=1), atol=1e-5)


def test_twice_the_same() -> None:
    vectors = np.random.default_rng(7).normal(size=(2_000, 8)).astype(np.float32)
    first, second = (cluster_directions(vectors, 30, seed=4) for _ in range(2))
    assert np.array_equal(first.number, second.number)
    assert np.array_equal(first.cosine, second.cosine)
    assert not np.array_equal(first.number, cluster_directions(vectors, 30, seed=5).number)


@given(
    arrays(np.float32, st.tuples(st.integers(1, 12), st.just(3)), elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0])),
    st.integers(2, 8),
)
def test_few_alike_or_no_directions_give_as_many_clusters_as_there_are(vectors: np.ndarray, clusters: int) -> None:
    found = cluster_directions(vectors, clusters, seed=0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = np.unique(np.round(vectors / np.where(lengths > 0, lengths, 1), 4) + 0.0, axis=0)
    kinds = np.unique(found.number)
    assert kinds.tolist() == list(range(len(kinds)))
    assert len(kinds) <= min(clusters, len(directions))
    assert np.isfinite(found.cosine).all()
