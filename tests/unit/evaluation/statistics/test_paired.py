"""Paired intervals: what they cover, against a plain bootstrap with a jackknife, and what they must not depend on."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.evaluation.statistics.paired import PairedInterval, paired_interval, poisson_weights, resample_sums

FEW = 400


def ndcg_like(random: np.random.Generator, users: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Values of two models: mostly equal, else skewed as NDCG is; their true mean difference is `shift`."""
    reference = np.where(random.random(users) < 0.2, random.beta(2, 5, users), 0.0)
    moved = random.random(users) < 0.3
    gain = np.where(moved, random.exponential(1.0, users) - 1.0 + shift / 0.3, 0.0)
    return reference + gain, reference


def plain_bca(differences: np.ndarray, resamples: int) -> tuple[float, float]:
    """As the textbook has it: samples with replacement, the acceleration by leaving out one user after another."""
    random, normal, count = np.random.default_rng(1), NormalDist(), len(differences)
    means = np.array([differences[random.integers(count, size=count)].mean() for _ in range(resamples)])
    left_out = np.array([np.delete(differences, user).mean() for user in range(count)])
    deviations = left_out.mean() - left_out
    acceleration = (deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5)
    bias = normal.inv_cdf((means < differences.mean()).mean())
    bounds = []
    for level in (0.025, 0.975):
        shifted = bias + normal.inv_cdf(level)
        bounds.append(float(np.quantile(means, normal.cdf(bias + shifted / (1 - acceleration * shifted)))))
    return bounds[0], bounds[1]


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_it_covers_the_true_difference_nineteen_times_in_twenty(shift: float) -> None:
    random = np.random.default_rng(20)
    found = [paired_interval(*ndcg_like(random, 600, shift), resamples=FEW, seed=each) for each in range(300)]
    covered = np.mean([each.low <= shift <= each.high for each in found])  # type: ignore[operator]
    assert 0.92 <= covered <= 0.98  # chance moves the share by .0126
    assert np.mean([each.difference for each in found]) == pytest.approx(shift, abs=0.01)


def test_it_agrees_with_a_plain_bootstrap() -> None:
    values, reference = ndcg_like(np.random.default_rng(3), 300, 0.05)
    interval = paired_interval(values, reference, resamples=6_000)
    low, high = plain_bca(values - reference, 6_000)
    assert interval.low == pytest.approx(low, abs=0.03 * (high - low))
    assert interval.high == pytest.approx(high, abs=0.03 * (high - low))


def test_skewed_differences_move_the_interval_and_plain_percentiles_do_not_see_it() -> None:
    values = np.zeros(120)
    values[:6] = 1.0  # a few users gain much
    bca, percentile = (paired_interval(values, np.zeros(120), method=name) for name in ("bca", "percentile"))
    assert bca.difference == percentile.difference == 0.05
    assert bca.low > percentile.low and bca.high > percentile.high  # type: ignore[operator]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=60),
    st.integers(0, 2**31),
)
def test_properties(pairs: list[tuple[float, float]], seed: int) -> None:
    values, reference = np.array(pairs).T
    found = paired_interval(values, reference, resamples=50, seed=seed)
    assert found == paired_interval(values, reference, resamples=50, seed=seed)
    assert found.users == len(pairs)
    assert found.low is not None and found.high is not None
    differences = values - reference
    assert differences.min() - 1e-9 <= found.low <= found.high <= differences.max() + 1e-9
    same = paired_interval(values, values, resamples=50, seed=seed)
    assert same == PairedInterval(0.0, 0.0, 0.0, len(pairs))
    assert not same.is_above_zero


def test_the_order_of_the_users_and_their_split_change_nothing() -> None:
    random = np.random.default_rng(5)
    keys, differences = random.integers(-(2**62), 2**62, 3_000), random.normal(size=(3_000, 2))
    whole, order = resample_sums(keys, differences, 30, 7), random.permutation(3_000)
    parts = [resample_sums(keys[part], differences[part], 30, 7) for part in np.array_split(order, 5)]
    assert sum(parts) == pytest.approx(whole, abs=1e-9)
    assert not np.allclose(whole, resample_sums(keys, differences, 30, 8))


def test_weights_are_poisson_and_independent() -> None:
    weights = poisson_weights(np.arange(4_000), 250, seed=1)
    counts = np.bincount(weights.astype(int).ravel())
    expected = [math.exp(-1) / math.factorial(number) for number in range(6)]
    assert counts[:6] / weights.size == pytest.approx(expected, abs=0.002)
    assert abs(np.corrcoef(weights[:40]) - np.eye(40)).max() < 0.08  # of resamples; chance gives .016
    assert abs(np.corrcoef(weights.T[:40]) - np.eye(40)).max() < 0.3  # of neighbouring users; chance gives .063


def test_a_single_user_has_no_bounds_and_none_at_all_is_an_error() -> None:
    assert paired_interval(np.array([0.5]), np.array([0.25])) == PairedInterval(0.25, None, None, 1)
    with pytest.raises(ValueError, match="pairs are wanted"):
        paired_interval(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="pairs are wanted"):
        paired_interval(np.zeros(0), np.zeros(0))
