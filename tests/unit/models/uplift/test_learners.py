"""Every learner finds a planted effect in a randomised trial, and says the same when asked again."""

import numpy as np
import pytest

from interest_spark.models.uplift.doubly_robust import pseudo_outcomes
from interest_spark.models.uplift.learner import LEARNERS, LearnerName, Trial, learner_named
from interest_spark.models.uplift.transformed_outcome import transformed
from interest_spark.models.uplift.trees import TreeSettings, fit_trees

SETTINGS = TreeSettings(rounds=60, depth=3, leaf_rows=50)


def planted(seed: int, customers: int = 8_000) -> tuple[Trial, np.ndarray]:
    """A trial in which customers with a high first feature are moved by 2, others not at all; the second feature moves
    the outcome of everybody. The propensity differs between two campaigns.
    """
    rng = np.random.default_rng(seed)
    features = rng.random((customers, 5)).astype(np.float32)
    features[rng.random((customers, 5)) < 0.05] = np.nan
    uplift = np.where(np.nan_to_num(features[:, 0], nan=0.0) > 0.7, 2.0, 0.0)
    propensity = np.where(rng.random(customers) < 0.5, 0.3, 0.6)
    treated = rng.random(customers) < propensity
    outcome = 3 * np.nan_to_num(features[:, 1]) + uplift * treated + rng.normal(0, 1, customers)
    return Trial(features, treated, outcome, propensity), uplift


@pytest.mark.parametrize("name", LEARNERS)
def test_a_planted_effect_is_found_in_customers_that_were_not_learnt_from(name: LearnerName) -> None:
    trial, _ = planted(1)
    others, uplift = planted(2)
    model = learner_named(name)(trial, SETTINGS)
    found = model.predict(others.features)
    assert found[uplift == 2].mean() == pytest.approx(2, abs=0.35)
    assert found[uplift == 0].mean() == pytest.approx(0, abs=0.35)
    best = np.argsort(-found)[: int((uplift == 2).sum())]
    assert (uplift[best] == 2).mean() > 0.85
    again = learner_named(name)(trial, SETTINGS)
    assert again == model
    assert np.array_equal(again.predict(others.features), found)


@pytest.mark.parametrize("name", LEARNERS)
def test_without_an_effect_none_is_foretold_on_average(name: LearnerName) -> None:
    trial, uplift = planted(3)
    moved = uplift * trial.treated
    unmoved = Trial(trial.features, trial.treated, trial.outcome - moved, trial.propensity)
    found = learner_named(name)(unmoved, SETTINGS).predict(planted(4)[0].features)
    assert abs(found.mean()) < 0.1


@pytest.mark.parametrize("scores", [transformed, lambda trial: pseudo_outcomes(trial, SETTINGS)])
def test_scores_have_the_uplift_as_their_mean_whatever_the_propensity(scores) -> None:
    trial, uplift = planted(5, 40_000)
    found = scores(trial)
    for campaign in (0.3, 0.6):
        own = trial.propensity == campaign
        error = found[own].std() / np.sqrt(own.sum())
        assert found[own].mean() == pytest.approx(uplift[own].mean(), abs=4 * error)


def test_the_doubly_robust_score_varies_less_than_the_transformed_outcome() -> None:
    trial, _ = planted(6)
    assert pseudo_outcomes(trial, SETTINGS).var() < 0.8 * transformed(trial).var()


def test_trees_foretell_probabilities_of_labels() -> None:
    rng = np.random.default_rng(0)
    features = rng.random((4_000, 2)).astype(np.float32)
    label = (rng.random(4_000) < np.where(features[:, 0] > 0.5, 0.8, 0.1)).astype(np.float64)
    found = fit_trees(features, label, TreeSettings(rounds=200, leaf_rows=50), labels=True).predict(features)
    assert ((found > 0) & (found < 1)).all()
    assert found[features[:, 0] > 0.5].mean() == pytest.approx(0.8, abs=0.05)
    assert found[features[:, 0] <= 0.5].mean() == pytest.approx(0.1, abs=0.05)


def test_what_is_no_trial_is_refused() -> None:
    trial, _ = planted(7, 100)
    with pytest.raises(ValueError, match="one row a customer"):
        Trial(trial.features[:50], trial.treated, trial.outcome, trial.propensity)
    with pytest.raises(ValueError, match="chance of either"):
        Trial(trial.features, trial.treated, trial.outcome, np.ones(100))
    with pytest.raises(ValueError, match="treated customers and others"):
        Trial(trial.features, np.ones(100, bool), trial.outcome, trial.propensity)
    with pytest.raises(ValueError, match="rows to learn from"):
        fit_trees(trial.features[:0], trial.outcome[:0], SETTINGS)
