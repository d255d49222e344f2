"""What each target of a batch weighs: by its behavior, and by its age."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from interest_spark.config.training.train import TrainConfig
from interest_spark.foundation.dates import day_end, parse_day, parse_zone
from interest_spark.models.losses.loss import Targets
from interest_spark.models.networks.network import Tokens
from interest_spark.models.training.plan import TrainPlan
from interest_spark.schemas.behaviors import BEHAVIOR_CODES

_MINUTES_A_DAY = 1440


@dataclass(frozen=True)
class Decay:
    """A weight is halved every `half_life` minutes before `now`, in minutes since 1970."""

    half_life: float
    now: int


class TargetWeights:
    """Weights by behavior, float32[codes], and where `decay` says so by age.

    Several behaviors are targets of one model in this way, with one vector a user for all of them: what is served is
    one list, for which the weights say what counts. The network knows which behavior an event was by the input
    `behavior`. A projection for each behavior (as in multi-task models) would give lists that nobody serves, and a
    model for one behavior alone is one with a single weight, published under a name of its own.
    """

    def __init__(self, by_behavior: np.ndarray, decay: Decay | None = None) -> None:
        self._by_behavior, self._decay = tf.constant(by_behavior, tf.float32), decay

    def __call__(self, tokens: Tokens) -> Targets:
        """The targets among `target`, `target_behavior` and, for weights by age, `target_minute`: int32[B, T] each."""
        weight = tf.gather(self._by_behavior, tokens["target_behavior"])
        if self._decay is not None:
            age = tf.maximum(self._decay.now - tokens["target_minute"], 0)  # in whole minutes: exact for 31 years
            weight *= tf.pow(0.5, tf.cast(age, tf.float32) / self._decay.half_life)
        return Targets(tokens["target"], tf.where(tokens["target"] > 0, weight, tf.zeros_like(weight)))


def target_columns(train: TrainConfig) -> tuple[str, ...]:
    """The token columns that the weights are made of."""
    return ("target", "target_behavior", *(("target_minute",) if train.half_life_days else ()))


def target_weights(plan: TrainPlan) -> TargetWeights:
    """Targets weigh 1 each unless the plan says which behaviors do; ages are counted from the end of its day."""
    weights = plan.train.target_weights
    by_code = np.full(max(BEHAVIOR_CODES.values()) + 1, 0.0 if weights else 1.0, np.float32)
    for behavior, weight in weights.items():
        by_code[BEHAVIOR_CODES[behavior]] = weight
    if plan.train.half_life_days is None:
        return TargetWeights(by_code)
    end = day_end(parse_day(plan.trained_through), parse_zone(plan.columns.time_zone))
    return TargetWeights(by_code, Decay(plan.train.half_life_days * _MINUTES_A_DAY, int(end.timestamp()) // 60))
