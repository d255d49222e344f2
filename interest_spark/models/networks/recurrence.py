"""Recurrent layers over packed blocks: a state goes from token to token and starts anew in every segment.

B blocks of T tokens, H = hidden numbers of a state, G gates.

What depends on the input alone is one product for all tokens. What is left for every step is a product of [B, H] with
[H, G · H] and some element-wise operations on its result. For 64 blocks of 200 tokens and H = 128, forward and backward
on one core of 245 GFLOP/s, an LSTM layer's steps take 66 ms, a third of the peak: the products alone would take 42
microseconds of a step's 105. A gradient written out by hand, with the weights' gradient as one product after the
loop, took 61 ms, and the loop compiled by XLA 66 ms; neither is worth its code.
"""

from abc import ABC, abstractmethod

import numpy as np
import tensorflow as tf

from interest_spark.models.networks.layers import affine
from interest_spark.models.networks.parameters import Parameters

States = tuple[tf.Tensor, ...]
"""What goes from one step to the next, float32[B, H] each; the first is the layer's output."""


class Recurrence(ABC):
    """[B, T, inputs] and segment int32[B, T] -> [B, T, H].

    inputs: numbers of a token's vector. reverse: go from the newest token to the oldest, so that a token's output is
    made of itself and its future. The steps are computed in float32 whatever the input, as their errors add up.
    """

    gates: int
    states: int

    def __init__(self, inputs: int, hidden: int, parameters: Parameters, name: str, *, reverse: bool = False) -> None:
        self._hidden, self._reverse = hidden, reverse
        self._inward = parameters.glorot(f"{name}/inward", inputs, self.gates * hidden)  # [in, G · H]
        self._recurrent = parameters.orthogonal(f"{name}/recurrent", hidden, self.gates)  # [H, G · H]
        self._bias = self._first_bias(parameters, f"{name}/bias")  # [G · H]

    def __call__(self, x: tf.Tensor, segment: tf.Tensor) -> tf.Tensor:
        if self._reverse:
            return tf.reverse(self._run(tf.reverse(x, [1]), tf.reverse(segment, [1])), [1])
        return self._run(x, segment)

    def _run(self, x: tf.Tensor, segment: tf.Tensor) -> tf.Tensor:
        steps = affine(tf.transpose(x, [1, 0, 2]), self._inward, self._bias)  # [T, B, G · H]
        outputs = self._scan(tf.cast(steps, tf.float32), _goes_on(segment))  # [T, B, H]
        return tf.cast(tf.transpose(outputs, [1, 0, 2]), x.dtype)

    def _scan(self, steps: tf.Tensor, goes_on: tf.Tensor) -> tf.Tensor:
        """float32[T, B, G · H] and float32[T, B, 1] -> float32[T, B, H]."""
        count = steps.shape[0]
        inward = tf.TensorArray(tf.float32, count).unstack(steps)
        kept = tf.TensorArray(tf.float32, count).unstack(goes_on)
        outputs = tf.TensorArray(tf.float32, count, element_shape=[None, self._hidden])
        start = tf.zeros([tf.shape(steps)[1], self._hidden])

        def step(place: tf.Tensor, outputs: tf.TensorArray, *states: tf.Tensor) -> tuple[object, ...]:
            factor = kept.read(place)  # [B, 1]
            states = self._step(inward.read(place), tuple(state * factor for state in states))
            return place + 1, outputs.write(place, states[0]), *states

        loop = (0, outputs, *[start] * self.states)
        _, outputs, *_ = tf.while_loop(lambda place, *_: place < count, step, loop, parallel_iterations=1)
        return outputs.stack()

    def _first_bias(self, parameters: Parameters, name: str) -> tf.Variable:
        return parameters.constant(name, 0.0, self.gates * self._hidden)

    @abstractmethod
    def _step(self, inward: tf.Tensor, states: States) -> States:
        """One step: inward float32[B, G · H] is the input's part of the gates."""


class Gru(Recurrence):
    """A gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), its reset gate applied after the recurrent product.

    z = σ(x W_z + h U_z + b_z), r = σ(x W_r + h U_r + b_r), n = tanh(x W_n + r ⊙ (h U_n + c_n) + b_n),
    h' = z ⊙ h + (1 - z) ⊙ n.
    """

    gates, states = 3, 1

    def __init__(self, inputs: int, hidden: int, parameters: Parameters, name: str, *, reverse: bool = False) -> None:
        super().__init__(inputs, hidden, parameters, name, reverse=reverse)
        self._reset_bias = parameters.constant(f"{name}/reset_bias", 0.0, hidden)  # [H], c_n

    def _step(self, inward: tf.Tensor, states: States) -> States:
        (held,) = states
        size = self._hidden
        from_input, candidate_input = tf.split(inward, [2 * size, size], axis=1)
        from_state, candidate_state = tf.split(tf.matmul(held, self._recurrent), [2 * size, size], axis=1)
        update, reset = tf.split(tf.sigmoid(from_input + from_state), 2, axis=1)
        candidate = tf.tanh(candidate_input + reset * (candidate_state + self._reset_bias))
        return (candidate + update * (held - candidate),)


class Lstm(Recurrence):
    """Long short-term memory with a forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c'). The forget gate's bias starts at 1 (Jozefowicz et al. 2015).
    """

    gates, states = 4, 2

    def _first_bias(self, parameters: Parameters, name: str) -> tf.Variable:
        gates = np.repeat([0.0, 1.0, 0.0, 0.0], self._hidden)  # input, forget, output, candidate
        return parameters.constant(name, gates, self.gates * self._hidden)

    def _step(self, inward: tf.Tensor, states: States) -> States:
        output, cell = states
        gates, candidate = tf.split(
            inward + tf.matmul(output, self._recurrent), [3 * self._hidden, self._hidden], axis=1
        )
        take, forget, give = tf.split(tf.sigmoid(gates), 3, axis=1)
        cell = forget * cell + take * tf.tanh(candidate)
        return give * tf.tanh(cell), cell


def _goes_on(segment: tf.Tensor) -> tf.Tensor:
    """int32[B, T] -> float32[T, B, 1]: 0 where a segment begins, 1 elsewhere."""
    same = tf.pad(segment[:, 1:] == segment[:, :-1], [[0, 0], [1, 0]])
    return tf.cast(tf.transpose(same), tf.float32)[..., None]
