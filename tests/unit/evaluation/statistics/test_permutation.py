"""The permutation test: exact where all signs can be tried, and what the share of false alarms is."""

from itertools import product

import numpy as np
import pytest

from interest_spark.evaluation.statistics.permutation import FLIPS, flipped_sums, holm, signs, two_sided_p


def p_of(differences: np.ndarray, seed: int = 1) -> float:
    flipped = flipped_sums(np.arange(len(differences)) + 10_000 * seed, differences[:, None])
    return two_sided_p(differences.sum(), flipped[:, 0])


def test_equal_to_trying_all_signs() -> None:
    for seed in range(20):
        differences = np.random.default_rng(seed).normal(0.3, 1, 10).round(1)
        every = [
            abs(sum(s * d for s, d in zip(each, differences, strict=True))) for each in product((-1, 1), repeat=10)
        ]
        exact = np.mean([value >= abs(differences.sum()) - 1e-9 for value in every])
        assert p_of(differences, seed) == pytest.approx(exact, abs=4 * np.sqrt(exact / FLIPS) + 1 / FLIPS)


def test_equal_models_are_told_apart_once_in_twenty() -> None:
    random = np.random.default_rng(2)
    found = [p_of(np.where(random.random(300) < 0.3, random.normal(size=300), 0.0), seed) for seed in range(400)]
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.08  # chance moves the share by .011


def test_no_difference_and_a_large_one() -> None:
    assert p_of(np.zeros(50)) == 1.0
    assert p_of(np.full(50, 0.1)) == pytest.approx(1 / (1 + FLIPS))


def test_tasks_and_order_change_nothing() -> None:
    random = np.random.default_rng(3)
    keys, differences = random.integers(-(2**62), 2**62, 3_000), random.normal(size=(3_000, 2))
    whole = flipped_sums(keys, differences, 128)
    parts = [flipped_sums(keys[part], differences[part], 128) for part in np.array_split(random.permutation(3_000), 3)]
    assert sum(parts) == pytest.approx(whole, abs=1e-9)
    assert abs(signs(keys, 128, seed=1).mean()) < 0.01


def test_holm() -> None:
    """The smallest of four counts four times, the next one three times; none falls below one before it."""
    assert holm(np.array([0.02, 0.01, 0.5, 0.015])).tolist() == pytest.approx([0.045, 0.04, 0.5, 0.045])
    assert holm(np.array([0.6, 0.9])).tolist() == [1.0, 1.0]
    assert holm(np.zeros(0)).tolist() == []
