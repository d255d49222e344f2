"""Recurrent layers on packed blocks are Keras's own layers on each history alone."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.recurrence import Gru, Lstm, Recurrence

T, INPUTS, HIDDEN = 11, 5, 6
SEGMENT = np.array([[1] * 4 + [2] + [3] * 6, [1] * 9 + [0] * 2, [1] * 2 + [2] * 7 + [0] * 2], np.int32)


def layer(kind: type[Recurrence], *, reverse: bool = False) -> tuple[Recurrence, Parameters]:
    """A layer whose weights are all large enough to matter."""
    random, parameters = np.random.default_rng(2), Parameters(seed=1)
    built = kind(INPUTS, HIDDEN, parameters, "layer", reverse=reverse)
    for variable in parameters.trainable.values():
        variable.assign_add(random.normal(scale=0.3, size=variable.shape).astype(np.float32))
    return built, parameters


def keras_layer(kind: type[Recurrence], parameters: Parameters, *, reverse: bool) -> tf.keras.layers.Layer:
    """Keras's layer with these weights; it has the candidate in the third place of the four gates of an LSTM."""
    weights = parameters.values()
    kernels = [weights["layer/inward"], weights["layer/recurrent"], weights["layer/bias"]]
    if kind is Gru:
        recurrent_bias = np.concatenate([np.zeros(2 * HIDDEN, np.float32), weights["layer/reset_bias"]])
        kernels[2] = np.stack([kernels[2], recurrent_bias])
    else:
        order = np.concatenate([np.arange(gate * HIDDEN, (gate + 1) * HIDDEN) for gate in (0, 1, 3, 2)])
        kernels = [kernel[..., order] for kernel in kernels]
    built = (tf.keras.layers.GRU if kind is Gru else tf.keras.layers.LSTM)(
        HIDDEN, return_sequences=True, go_backwards=reverse
    )
    built.build((None, None, INPUTS))
    built.set_weights(kernels)
    return built


@pytest.mark.parametrize("kind", [Gru, Lstm])
@pytest.mark.parametrize("reverse", [False, True])
def test_each_segment_is_a_sequence_of_its_own(kind: type[Recurrence], reverse: bool) -> None:
    ours, parameters = layer(kind, reverse=reverse)
    theirs = keras_layer(kind, parameters, reverse=reverse)
    x = np.random.default_rng(0).normal(size=(len(SEGMENT), T, INPUTS)).astype(np.float32)
    found = ours(tf.constant(x), tf.constant(SEGMENT)).numpy()
    for block, segments in enumerate(SEGMENT):
        for segment in set(segments) - {0}:
            places = np.flatnonzero(segments == segment)
            expected = theirs(x[block, places][None]).numpy()[0]
            np.testing.assert_allclose(found[block, places], expected[::-1] if reverse else expected, atol=1e-6)


@pytest.mark.parametrize("kind", [Gru, Lstm])
def test_a_graph_gives_the_gradients_that_eager_steps_give(kind: type[Recurrence]) -> None:
    ours, parameters = layer(kind)
    x = tf.constant(np.random.default_rng(0).normal(size=(len(SEGMENT), T, INPUTS)).astype(np.float32))

    def gradients() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(tf.square(ours(x, tf.constant(SEGMENT))))
        found: list[tf.Tensor] = tape.gradient(value, list(parameters.trainable.values()))
        return found

    for eager, graph in zip(gradients(), tf.function(gradients)(), strict=True):
        assert np.abs(eager).max() > 0
        np.testing.assert_allclose(graph, eager, rtol=1e-4, atol=1e-5)


def test_the_forget_gate_starts_open_and_states_keep_their_length() -> None:
    parameters = Parameters(seed=1)
    Lstm(INPUTS, HIDDEN, parameters, "layer")
    weights = parameters.values()
    assert weights["layer/bias"].reshape(4, HIDDEN).tolist() == [[0] * 6, [1] * 6, [0] * 6, [0] * 6]
    for gate in np.split(weights["layer/recurrent"], 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(HIDDEN), atol=1e-5)
