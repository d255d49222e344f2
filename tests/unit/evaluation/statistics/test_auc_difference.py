"""The interval of a difference of AUCs: known areas, and as many misses as it says."""

import numpy as np
import pytest

from interest_spark.evaluation.statistics.auc_difference import auc_difference, weighted_auc
from interest_spark.metrics.scored.auc import auc
from interest_spark.metrics.scored.scored import Scored


def test_whole_weights_are_rows_that_stand_there_so_often() -> None:
    rng = np.random.default_rng(1)
    churned, score, times = rng.random(60) < 0.4, rng.integers(0, 9, 60) / 1.0, rng.integers(0, 4, 60)
    expected = auc(Scored.of_rows(np.repeat(churned, times), np.repeat(score, times)))
    assert weighted_auc(churned, score, times[None, :].astype(float))[0] == pytest.approx(expected)


def world(n: int, seed: int, better: float) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    churned, shared = rng.random(n) < 0.3, rng.normal(0, 1, n)
    score = churned * (1 + better) + shared + rng.normal(0, 0.5, n)
    return churned, score, churned * 1.0 + shared + rng.normal(0, 0.5, n), np.arange(n)


def test_a_better_score_is_told_and_equal_ones_are_not() -> None:
    assert auc_difference(*world(1_000, 2, better=1.0)).is_above_zero
    misses = 0
    for seed in range(60):
        found = auc_difference(*world(150, seed, better=0.0), resamples=300)
        assert found.low is not None
        assert found.high is not None
        misses += not found.low <= 0 <= found.high
    assert misses <= 8  # 3 are expected


def test_rows_of_one_user_are_drawn_together() -> None:
    churned, score, reference, users = world(300, 4, better=0.5)
    alone = auc_difference(churned, score, reference, users)
    four_times = (np.tile(each, 4) for each in (churned, score, reference, users))
    together = auc_difference(*four_times)
    assert together == alone
    assert together.users == 300


def test_without_both_labels_there_are_no_bounds() -> None:
    found = auc_difference(np.ones(5, bool), np.arange(5.0), np.arange(5.0), np.arange(5))
    assert (found.low, found.high) == (None, None)
