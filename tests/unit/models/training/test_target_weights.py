"""Targets weigh what their behavior and their age say."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config.training.losses import InfoNceLossConfig
from interest_spark.config.training.train import TrainConfig
from interest_spark.models.training.target_weights import target_columns, target_weights
from tests.unit.models.worlds import SCHEME, make_plan, random_histories

LAST_MINUTE = 28_576_320  # of 1 May 2024 in Shanghai, whose day ends at 16:00 UTC


def test_a_weight_is_halved_for_every_half_life_before_the_end_of_the_day(tmp_path: Path) -> None:
    train = {"half_life_days": 10.0, "target_weights": {"view": 1.0, "purchase": 4.0}}
    plan = make_plan(tmp_path, random_histories(5, 5, 5), 6, **train)
    assert (plan.trained_through, plan.columns) == ("2024-05-01", SCHEME)
    ages = np.array([[0, 1, 10, 20, 100, -3]]) * 1440
    tokens = {
        "target": tf.constant([[5, 5, 5, 5, 0, 5]]),
        "target_behavior": tf.constant([[1, 1, 4, 2, 1, 1]]),
        "target_minute": tf.constant((LAST_MINUTE - ages).astype(np.int32)),
    }
    weights = target_weights(plan)(tokens).weight.numpy()
    np.testing.assert_allclose(weights, [[1.0, 0.5**0.1, 2.0, 0.0, 0.0, 1.0]], rtol=1e-6)
    assert target_columns(plan.train) == ("target", "target_behavior", "target_minute")


def test_without_a_half_life_the_times_are_not_read() -> None:
    assert target_columns(TrainConfig()) == ("target", "target_behavior")


def test_cosines_need_a_network_that_serves_them() -> None:
    with pytest.raises(ValueError, match=r"set network.unit_vectors to true"):
        TrainConfig(loss=InfoNceLossConfig())
