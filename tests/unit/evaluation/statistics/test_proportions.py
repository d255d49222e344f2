"""Intervals of shares and of their differences, against published figures and by how often they miss."""

import numpy as np
import pytest

from interest_spark.evaluation.statistics.proportions import difference_bounds, share_bounds


@pytest.mark.parametrize(
    ("hits", "rows", "other_hits", "other_rows", "low", "high"),
    [  # Newcombe (1998), table II, method 10
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (10, 10, 0, 20, 0.6791, 1.0000),
    ],
)
def test_published_differences(hits: int, rows: int, other_hits: int, other_rows: int, low: float, high: float) -> None:
    found = difference_bounds(hits, rows, other_hits, other_rows)
    assert found == pytest.approx((low, high), abs=5e-5)
    turned = difference_bounds(other_hits, other_rows, hits, rows)
    assert turned == pytest.approx((-high, -low), abs=5e-5)


def test_a_share_stays_within_its_bounds() -> None:
    assert share_bounds(0, 5) == (0.0, pytest.approx(0.4345, abs=5e-5))
    assert share_bounds(5, 5) == (pytest.approx(0.5655, abs=5e-5), 1.0)


def test_equal_shares_seldom_differ() -> None:
    rng = np.random.default_rng(1)
    draws = rng.binomial([60, 45], 0.7, (2_000, 2))
    bounds = [difference_bounds(first, 60, second, 45) for first, second in draws.tolist()]
    assert np.mean([not low <= 0 <= high for low, high in bounds]) < 0.07  # 0.05 is expected
