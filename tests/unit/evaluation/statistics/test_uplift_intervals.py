"""Intervals of figures of uplift: they hold the truth about as often as they say, and follow customers, not rows."""

import numpy as np
import pytest

from interest_spark.evaluation.statistics.uplift import bootstrapped, percentiles, resampled
from interest_spark.metrics.uplift.curve import UpliftRows
from interest_spark.metrics.uplift.effect import average_effect


def trial(seed: int, customers: int = 300) -> UpliftRows:
    rng = np.random.default_rng(seed)
    treated = rng.random(customers) < 0.5
    outcome = rng.exponential(1.0, customers) + 0.5 * treated
    return UpliftRows.of_trial(np.zeros(customers), treated, outcome, np.full(customers, 0.5))


def test_the_interval_holds_the_true_effect_about_as_often_as_it_says() -> None:
    keys = np.arange(300)
    found = [bootstrapped(average_effect, trial(seed), keys, resamples=200, seed=seed) for seed in range(120)]
    held = sum(each.low <= 0.5 <= each.high for each in found if each.low is not None and each.high is not None)
    assert 105 <= held <= 119


def test_the_same_is_drawn_again_and_in_whatever_order() -> None:
    rows, keys = trial(1), np.arange(300) * 7
    order = np.random.default_rng(0).permutation(300)
    other = UpliftRows(*(each[order] for each in (rows.prediction, rows.treated, rows.outcome, rows.weight)))
    first = bootstrapped(average_effect, rows, keys, 100)
    assert first == bootstrapped(average_effect, rows, keys, 100)
    again = bootstrapped(average_effect, other, keys[order], 100)
    assert (again.low, again.high) == pytest.approx((first.low, first.high))


def test_rows_of_one_customer_are_drawn_together() -> None:
    rows = trial(2, 100)
    many = UpliftRows(*(np.repeat(each, 9) for each in (rows.prediction, rows.treated, rows.outcome, rows.weight)))
    single = bootstrapped(average_effect, rows, np.arange(100), 300)
    repeated = bootstrapped(average_effect, many, np.repeat(np.arange(100), 9), 300)
    assert (repeated.low, repeated.high) == pytest.approx((single.low, single.high))


def test_several_figures_come_from_the_same_resamples() -> None:
    rows = trial(3)
    found = resampled(lambda each: np.array([average_effect(each), 2 * average_effect(each)]), rows, np.arange(300), 60)
    assert found.shape == (60, 2)
    assert (found[:, 1] == 2 * found[:, 0]).all()


def test_a_figure_that_is_rarely_defined_has_no_interval() -> None:
    assert percentiles(1.0, np.array([np.nan, np.nan, 1.0])).low is None
    assert percentiles(float("nan"), np.array([1.0])).value is None
    assert not percentiles(1.0, np.array([])).is_above(0)
    assert percentiles(1.0, np.array([0.5, 1.5])).is_above(0)
