"""An uplift model for each coupon, of past campaigns; held-out customers have no part in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_spark.applications.coupons.trials import Sends, propensities
from interest_spark.metrics.uplift.curve import UpliftRows
from interest_spark.models.uplift import two_models
from interest_spark.models.uplift.doubly_robust import scores
from interest_spark.models.uplift.learner import LearnerName, Trial, UpliftModel, learner_named
from interest_spark.models.uplift.trees import TreeSettings

FEWEST = 100
"""Customers of either arm, to learn from or to judge by: fewer tell nothing of what so few percent do differently."""


@dataclass(frozen=True)
class HeldOut:
    """Held-out customers of one coupon's campaigns: the models' predictions of every coupon, float64[n, c], and what
    happened. `score` is the doubly robust one, by models that have not seen them: its mean over any of them is what the
    coupon brought these. `key` tells customers apart.
    """

    predictions: NDArray[np.float64]
    treated: NDArray[np.bool_]
    outcome: NDArray[np.float64]
    propensity: NDArray[np.float64]
    score: NDArray[np.float64]
    key: NDArray[np.int64]

    def rows(self, place: int) -> UpliftRows:
        """With the prediction of the coupon at that place."""
        return UpliftRows.of_trial(self.predictions[:, place], self.treated, self.outcome, self.propensity)


@dataclass(frozen=True)
class Fitted:
    """Models by coupon, in the order of the coupons, the held-out customers of each, and how many rows taught it.

    `left_out`: coupons that cannot be learnt of, with the reason.
    """

    models: Mapping[str, UpliftModel]
    held_out: Mapping[str, HeldOut]
    learnt: Mapping[str, int]
    left_out: Mapping[str, str]

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """float64[n, c]."""
        return np.stack([model.predict(features) for model in self.models.values()], axis=1)


def fit_coupons(
    sends: Sends,
    counts: pl.DataFrame,
    coupons: tuple[str, ...],
    control: str,
    learner: LearnerName,
    settings: TreeSettings,
) -> Fitted:
    """From sampled sends, and how many of each campaign had each arm."""
    trials: dict[str, tuple[NDArray[np.bool_], NDArray[np.float64]]] = {}
    left_out: dict[str, str] = {}
    for coupon in coupons:
        chances = propensities(counts, coupon, control)
        if not chances:
            left_out[coupon] = (
                f"no campaign whose window is over has both {coupon!r} and {control!r}: without customers who got "
                "nothing by chance, what it brings cannot be told"
            )
            continue
        known = np.array([each in chances for each in sends.campaign], bool)
        of_coupon = known & ((sends.arm == coupon) | (sends.arm == control))
        arms = (sends.arm == coupon, sends.arm == control)
        fewest = min(int((of_coupon & arm & part).sum()) for arm in arms for part in (sends.held_out, ~sends.held_out))
        if fewest < FEWEST:
            left_out[coupon] = f"{fewest} customers in the smallest part of its campaigns, of {FEWEST} that are needed"
            continue
        chance = np.array([chances.get(each, 0.5) for each in sends.campaign])
        trials[coupon] = (of_coupon, chance)
    models, outcomes = {}, {}
    for coupon, (of_coupon, chance) in trials.items():
        trial = _trial(sends, of_coupon & ~sends.held_out, coupon, chance)
        models[coupon] = learner_named(learner)(trial, settings)
        outcomes[coupon] = two_models.fit(trial, settings)
    learnt = {coupon: int((own & ~sends.held_out).sum()) for coupon, (own, _) in trials.items()}
    fitted = Fitted(models, {}, learnt, left_out)
    held_out = {}
    for coupon, (of_coupon, chance) in trials.items():
        own = of_coupon & sends.held_out
        trial, told = _trial(sends, own, coupon, chance), outcomes[coupon]
        assert told.less is not None
        score = scores(trial, told.more.predict(trial.features), told.less.predict(trial.features))
        predictions = fitted.predict(trial.features)
        held_out[coupon] = HeldOut(predictions, trial.treated, trial.outcome, trial.propensity, score, sends.key[own])
    return replace(fitted, held_out=held_out)


def _trial(sends: Sends, own: NDArray[np.bool_], coupon: str, chance: NDArray[np.float64]) -> Trial:
    return Trial(sends.features[own], sends.arm[own] == coupon, sends.outcome[own], chance[own])
