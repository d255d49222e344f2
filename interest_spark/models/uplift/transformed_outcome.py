"""Transformed outcome: a number whose mean is the uplift, learnt by one model."""

import numpy as np

from interest_spark.models.boosted_trees import Floats
from interest_spark.models.uplift.learner import Trial, UpliftModel
from interest_spark.models.uplift.trees import TreeSettings, fit_trees


def fit(trial: Trial, settings: TreeSettings) -> UpliftModel:
    """Athey and Imbens (2015): trees for `transformed`, whose conditional mean is the conditional uplift."""
    return UpliftModel(fit_trees(trial.features, transformed(trial), settings))


def transformed(trial: Trial) -> Floats:
    """y* = y (w - e) / (e (1 - e)): float64[n], w whether treated, e the propensity. E[y* | x] = u(x).

    The outcome's mean is taken away first: it adds nothing to the expected difference of a randomised trial, and much
    noise where e is not one half.
    """
    e = trial.propensity
    centred = trial.outcome - np.mean(trial.outcome)
    return centred * (trial.treated - e) / (e * (1 - e))
