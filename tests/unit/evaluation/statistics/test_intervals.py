"""Means and intervals by hand."""

import math

import numpy as np
import pytest

from interest_spark.evaluation.statistics.intervals import MeanInterval, mean_with_interval, power_sums


def test_mean_and_interval() -> None:
    found = mean_with_interval(power_sums(np.array([0.0, 1.0, np.nan])) + power_sums(np.array([1.0, 0.0])))
    half = 1.959963984540054 * math.sqrt(1 / 3) / 2
    assert found.value == 0.5 and found.users == 4
    assert found.low == pytest.approx(0.5 - half) and found.high == pytest.approx(0.5 + half)
    assert mean_with_interval(power_sums(np.array([0.25]))) == MeanInterval(0.25, None, None, 1)
    assert mean_with_interval(power_sums(np.zeros(0))) == MeanInterval(None, None, None, 0)
