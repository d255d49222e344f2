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
