"""Two models: one of treated customers' outcomes, one of the others'; the uplift is their difference."""

from interest_spark.models.uplift.learner import Trial, UpliftModel
from interest_spark.models.uplift.trees import TreeSettings, fit_trees


def fit(trial: Trial, settings: TreeSettings) -> UpliftModel:
    """The T-learner (Künzel et al. 2019): u(x) = m1(x) - m0(x), each fitted to its own customers.

    Simple, and the yardstick of others: each model spends its trees on the outcome, not on the difference.
    """
    treated, others = trial.treated, ~trial.treated
    return UpliftModel(
        fit_trees(trial.features[treated], trial.outcome[treated], settings),
        fit_trees(trial.features[others], trial.outcome[others], settings),
    )
