"""Adam against its definition."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config.training.optimizers import AdamConfig
from interest_spark.models.optimizers.adam import Adam
from interest_spark.models.optimizers.schedule import learning_rate


def test_steps_follow_the_paper() -> None:
    gradients = np.random.default_rng(0).normal(size=(5, 3, 2)).astype(np.float32)
    variable = tf.Variable(np.ones((3, 2), np.float32))
    adam = Adam({"v": variable}, AdamConfig(learning_rate=0.01), total_steps=5)
    first, second, expected = 0.0, 0.0, np.ones((3, 2))
    for step, gradient in enumerate(gradients, start=1):
        tf.function(adam.apply)([tf.constant(gradient)])
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        expected -= 0.01 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5)


def test_a_gradient_of_rows_moves_its_rows_as_a_dense_one_would_and_no_other() -> None:
    config = AdamConfig(learning_rate=0.01)
    dense, by_rows = (tf.Variable(np.ones((4, 2), np.float32)) for _ in range(2))
    adams = [Adam({"v": variable}, config, total_steps=9) for variable in (dense, by_rows)]
    for seed in range(3):
        values = tf.constant(np.random.default_rng(seed).normal(size=(2, 2)).astype(np.float32))
        rows = tf.IndexedSlices(values, tf.constant([3, 1]), tf.constant([4, 2]))
        adams[0].apply([tf.scatter_nd([[3], [1]], values, [4, 2])])
        adams[1].apply([rows])
    np.testing.assert_allclose(by_rows.numpy(), dense.numpy(), rtol=1e-5)
    assert (by_rows.numpy()[[0, 2]] == 1).all()


def test_a_row_that_is_not_there_keeps_its_moments() -> None:
    variable = tf.Variable(np.ones((2, 1), np.float32))
    adam = Adam({"v": variable}, AdamConfig(learning_rate=0.01), total_steps=9)
    for row in (0, 1, 1):
        adam.apply([tf.IndexedSlices(tf.ones([1, 1]), tf.constant([row]), tf.constant([2, 1]))])
    assert adam.state["adam/first/v"].numpy()[0, 0] == np.float32(0.1)


def test_the_norm_is_clipped_over_all_gradients_and_reported_before() -> None:
    first, second = tf.Variable([0.0]), tf.Variable([0.0])
    clipped = Adam({"a": first, "b": second}, AdamConfig(clip_norm=1.0), total_steps=1)
    assert float(clipped.apply([tf.constant([3.0]), tf.constant([4.0])])) == 5.0
    moments = clipped.state["adam/first/a"].numpy(), clipped.state["adam/first/b"].numpy()
    np.testing.assert_allclose(np.concatenate(moments), [0.06, 0.08], rtol=1e-5)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("constant", [0.5, 1, 1, 1, 1]), ("linear", [0.5, 1, 0.7, 0.4, 0.1]), ("cosine", [0.5, 1, 0.775, 0.325, 0.1])],
)
def test_the_rate_rises_and_then_follows_its_schedule(schedule: str, expected: list[float]) -> None:
    config = AdamConfig(learning_rate=2.0, warmup_steps=2, schedule=schedule, final_rate=0.1)
    rates = [float(learning_rate(config, tf.constant(float(step)), 5)) / 2 for step in (1, 2, 3, 4, 5)]
    np.testing.assert_allclose(rates, expected, rtol=1e-5)
