"""What uplift learners have in common: from a trial to a model of how much more a treated customer does.

A further learner is a function of this contract in a file of its own, and its name here.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from interest_spark.models.boosted_trees import BoostedTrees, Features, Floats
from interest_spark.models.uplift.trees import TreeSettings

LearnerName = Literal["two_models", "transformed_outcome", "doubly_robust"]
LEARNERS: tuple[LearnerName, ...] = get_args(LearnerName)


@dataclass(frozen=True)
class Trial:
    """What happened to n customers, of whom chance treated some.

    `features`: float32[n, f], known before the treatment, NaN where unknown. `treated`: bool[n]. `outcome`: float64[n],
    in whatever unit the uplift is to have. `propensity`: float64[n], the probability of being treated that each had,
    which the design of the trial says; between 0 and 1.
    """

    features: Features
    treated: NDArray[np.bool_]
    outcome: Floats
    propensity: Floats

    def __post_init__(self) -> None:
        lengths = {len(each) for each in (self.features, self.treated, self.outcome, self.propensity)}
        if len(lengths) != 1:
            raise ValueError(f"a trial has one row a customer in all of its columns, not {sorted(lengths)}")
        if not ((self.propensity > 0) & (self.propensity < 1)).all():
            raise ValueError("every customer of a trial must have had a chance of either, 0 < propensity < 1")
        if not self.treated.any() or self.treated.all():
            raise ValueError("a trial needs treated customers and others to compare them with")

    def rows(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Trial":
        """Some of the customers."""
        return Trial(self.features[which], self.treated[which], self.outcome[which], self.propensity[which])


@dataclass(frozen=True)
class UpliftModel:
    """Predicts uplift: what trees of `more` say, less what those of `less` say where there are such."""

    more: BoostedTrees
    less: BoostedTrees | None = None

    def predict(self, features: Features) -> Floats:
        """The expected difference that the treatment makes, in the unit of the outcome: float64[n]."""
        found = self.more.predict(features)
        return found if self.less is None else found - self.less.predict(features)


class Learner(Protocol):
    """Learns an uplift model of a trial. Equal arguments give equal models."""

    def __call__(self, trial: Trial, settings: TreeSettings) -> UpliftModel: ...


def learner_named(name: LearnerName) -> Learner:
    """The learner, which is one of LEARNERS."""
    learner: Learner = import_module(f"interest_spark.models.uplift.{name}").fit
    return learner
