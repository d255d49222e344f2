"""Looking back stays within the segment, and averages are those of one token after another."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.models.networks.earlier_tokens import earlier, last_tokens
from interest_spark.models.networks.moving_average import MovingAverage
from interest_spark.models.networks.parameters import Parameters

SEGMENT = tf.constant([[1, 1, 1, 2, 2, 0], [1, 1, 1, 1, 1, 1]])
X = tf.constant([[1.0, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]])[..., None]


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (0, [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]),
        (1, [[0, 1, 2, 0, 4, 0], [0, 1, 2, 3, 4, 5]]),
        (2, [[0, 0, 1, 0, 0, 0], [0, 0, 1, 2, 3, 4]]),
        (6, [[0] * 6, [0] * 6]),
        (9, [[0] * 6, [0] * 6]),
    ],
)
def test_a_token_looks_back_within_its_segment(distance: int, expected: list[list[int]]) -> None:
    assert earlier(X, SEGMENT, distance)[..., 0].numpy().tolist() == expected


def test_the_last_tokens_lie_a_step_apart() -> None:
    first, second, third = last_tokens(X, SEGMENT, 3, step=2)
    assert (first is X, second[1, :, 0].numpy().tolist()) == (True, [0, 0, 1, 2, 3, 4])
    assert third[1, :, 0].numpy().tolist() == [0, 0, 0, 0, 1, 2]


@pytest.mark.parametrize("length", [1, 2, 7, 64, 100])
def test_an_average_is_the_recursion_along_each_segment(length: int) -> None:
    random = np.random.default_rng(length)
    segment = np.sort(random.integers(1, 4, (3, length))).astype(np.int32)
    x = random.normal(size=(3, length, 4)).astype(np.float32)
    parameters = Parameters(seed=1)
    average = MovingAverage(4, parameters, "layer")
    keep = tf.sigmoid(parameters.trainable["layer/rate"]).numpy()
    np.testing.assert_allclose(1 / (1 - keep), [2, 5.04, 12.7, 32], rtol=0.01)
    expected = x.copy()
    for place in range(1, length):
        goes_on = (segment[:, place] == segment[:, place - 1])[:, None]
        following = keep * expected[:, place - 1] + (1 - keep) * x[:, place]
        expected[:, place] = np.where(goes_on, following, x[:, place])
    np.testing.assert_allclose(average(tf.constant(x), tf.constant(segment)), expected, atol=1e-5)


def test_the_gradient_of_an_average_is_that_of_the_recursion() -> None:
    random = np.random.default_rng(1)
    segment = tf.constant([[1] * 5 + [2] * 8, [1] * 13])
    x = tf.constant(random.normal(size=(2, 13, 4)).astype(np.float32))
    weights = tf.constant(random.normal(size=(2, 13, 4)).astype(np.float32))
    parameters = Parameters(seed=1)
    average = MovingAverage(4, parameters, "layer")
    rate = parameters.trainable["layer/rate"]

    def one_after_another() -> tf.Tensor:
        keep, found = tf.sigmoid(rate), [x[:, 0]]
        for place in range(1, 13):
            goes_on = (segment[:, place] == segment[:, place - 1])[:, None]
            found.append(tf.where(goes_on, keep * found[-1] + (1 - keep) * x[:, place], x[:, place]))
        return tf.stack(found, axis=1)

    results = []
    for compute in (one_after_another, lambda: average(x, segment)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(compute() * weights)
        results.append(tape.gradient(value, [x, rate]))
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
