"""Scores become probabilities that come true."""

import json

import numpy as np
import pytest

from interest_spark.applications.churn.calibration import Calibration, fit_calibration
from interest_spark.applications.churn.judged import figures_of, threshold_for


def scored(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose true probability is 1 / (1 + exp(-(0.5 s - 1)))."""
    rng = np.random.default_rng(seed)
    score = rng.normal(0, 3, n)
    return score, rng.random(n) < 1 / (1 + np.exp(1 - 0.5 * score))


def test_platt_finds_the_line_that_scores_lie_on() -> None:
    found = fit_calibration("platt", *scored(20_000, 1))
    assert (found.slope, found.intercept) == (pytest.approx(0.5, abs=0.03), pytest.approx(-1, abs=0.05))


@pytest.mark.parametrize("kind", ["platt", "isotonic"])
def test_probabilities_of_other_rows_come_true_and_keep_the_order(kind: str) -> None:
    found = fit_calibration(kind, *scored(5_000, 1))
    score, churned = scored(5_000, 2)
    probability = found.probability(score)
    figures = figures_of(probability, churned, np.full(5_000, np.nan), np.arange(5_000), probability >= 0.5)
    assert figures.calibration_error is not None
    assert figures.calibration_error < 0.03
    assert figures.auc_above_baseline is None
    assert (np.diff(probability[np.argsort(score)]) >= 0).all()
    assert probability.min() > 0
    assert probability.max() < 1
    again = Calibration(**json.loads(json.dumps(found.as_json())))
    assert (again.probability(score) == probability).all()


def test_scores_that_part_the_labels_wholly_stay_within_bounds() -> None:
    score, churned = np.arange(-20.0, 20.0), np.arange(-20, 20) >= 0
    for kind in ("platt", "isotonic"):
        probability = fit_calibration(kind, score, churned).probability(score)
        assert 0 < probability[0] < 0.1
        assert 0.9 < probability[-1] < 1


def test_the_threshold_holds_the_wanted_part_of_churners() -> None:
    probability, churned = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([True, False, True, True, False])
    assert [threshold_for(probability, churned, each) for each in (0.0, 0.3, 0.4, 0.7, 1.0)] == [
        0.9,
        0.9,
        0.7,
        0.6,
        0.6,
    ]
    assert threshold_for(probability, np.zeros(5, bool), 0.7) == 0.0
