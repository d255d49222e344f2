"""Adam against its definition."""

import numpy as np
import tensorflow as tf

from interest_spark.model.adam import Adam


def test_steps_follow_the_paper() -> None:
    gradients = np.random.default_rng(0).normal(size=(5, 3, 2)).astype(np.float32)
    variable = tf.Variable(np.ones((3, 2), np.float32))
    adam = Adam({"v": variable}, learning_rate=0.01)
    first, second, expected = 0.0, 0.0, np.ones((3, 2))
    for step, gradient in enumerate(gradients, start=1):
        tf.function(adam.apply)([tf.constant(gradient)])
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        expected -= 0.01 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5)
