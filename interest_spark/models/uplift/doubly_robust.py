"""Doubly robust: the difference that two outcome models see, mended by what they missed, learnt by a third one."""

import numpy as np

from interest_spark.models.boosted_trees import Floats
from interest_spark.models.uplift.learner import Trial, UpliftModel
from interest_spark.models.uplift.trees import TreeSettings, fit_trees

_FOLDS = 2


def fit(trial: Trial, settings: TreeSettings) -> UpliftModel:
    """The DR-learner (Kennedy 2020, "Towards optimal doubly robust estimation of heterogeneous causal effects").

    Trees for the pseudo-outcomes, cross-fitted: no customer's own outcome is in the models that judge it.
    """
    return UpliftModel(fit_trees(trial.features, pseudo_outcomes(trial, settings), settings))


def pseudo_outcomes(trial: Trial, settings: TreeSettings) -> Floats:
    """m1(x) - m0(x) + (w - e) / (e (1 - e)) (y - m_w(x)): float64[n]. Their mean is the average effect.

    It is right where either the outcome models or the propensities are; in a trial the latter are known.
    """
    fold = np.random.default_rng([settings.seed, len(trial.outcome)]).permutation(len(trial.outcome)) % _FOLDS
    found = np.empty(len(trial.outcome))
    for each in range(_FOLDS):
        own, others = fold == each, fold != each
        if_treated, if_not = (_outcomes(trial, others & arm, own, settings) for arm in (trial.treated, ~trial.treated))
        found[own] = scores(trial.rows(own), if_treated, if_not)
    return found


def scores(trial: Trial, if_treated: Floats, if_not: Floats) -> Floats:
    """Augmented inverse propensity weighting (Robins, Rotnitzky and Zhao 1994) of what two outcome models, which have
    not seen these customers, say of each: float64[n].
    """
    e = trial.propensity
    missed = trial.outcome - np.where(trial.treated, if_treated, if_not)
    return if_treated - if_not + (trial.treated - e) / (e * (1 - e)) * missed


def _outcomes(trial: Trial, learnt: np.ndarray, wanted: np.ndarray, settings: TreeSettings) -> Floats:
    """What the `learnt` customers say of the `wanted` ones; a handful may all lie in one fold, and then say nothing."""
    if not learnt.any():
        return np.full(int(wanted.sum()), float(trial.outcome.mean()))
    return fit_trees(trial.features[learnt], trial.outcome[learnt], settings).predict(trial.features[wanted])
