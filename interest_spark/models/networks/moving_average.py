"""Exponential averages along the segments of packed blocks: a causal low-pass filter.

B blocks of T tokens, d channels.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from interest_spark.models.networks.earlier_tokens import earlier
from interest_spark.models.networks.parameters import Parameters

_SHORTEST, _LONGEST = 2.0, 32.0


class MovingAverage:
    """y_t = a y_{t-1} + (1 - a) x_t, and y_t = x_t for the first token of a segment; a in (0, 1) is learnt a channel.

    The rates start such that the averages reach over 1 / (1 - a) = 2 … 32 tokens (as in Ma et al. 2023, Mega,
    arXiv:2209.10655, some channels remember longer than others). Computed in float32 whatever the input.
    """

    def __init__(self, dim: int, parameters: Parameters, name: str) -> None:
        reach = np.geomspace(_SHORTEST, _LONGEST, dim)
        self._rate = parameters.constant(f"{name}/rate", np.log(reach - 1.0), dim)  # [d], the logit of a

    def __call__(self, x: tf.Tensor, segment: tf.Tensor) -> tf.Tensor:
        """[B, T, d] and int32[B, T] -> [B, T, d]."""
        keep = tf.sigmoid(self._rate)  # [d]
        starts = tf.pad(segment[:, 1:] != segment[:, :-1], [[0, 0], [1, 0]], constant_values=True)[..., None]
        terms = tf.cast(x, tf.float32) * tf.where(starts, 1.0, 1.0 - keep)
        return tf.cast(_decaying_sums(terms, keep, segment), x.dtype)


def _decaying_sums(terms: tf.Tensor, keep: tf.Tensor, segment: tf.Tensor) -> tf.Tensor:
    """y_t = a y_{t-1} + terms_t along each segment; keep: float32[d], a of each channel.

    The gradient is the same recursion from the newest token to the oldest. Written out it takes a third of the time
    that the passes' own gradients take, and their results need not be kept.
    """

    @tf.custom_gradient
    def sums(terms: tf.Tensor, keep: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        summed = _double_up(terms, keep, segment)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            back = _double_up(tf.reverse(upstream, [1]), keep, tf.reverse(segment, [1]))
            to_terms = tf.reverse(back, [1])  # [B, T, d]
            return to_terms, tf.reduce_sum(to_terms * earlier(summed, segment, 1), axis=[0, 1])

        return summed, gradient

    return sums(terms, keep)


def _double_up(terms: tf.Tensor, keep: tf.Tensor, segment: tf.Tensor) -> tf.Tensor:
    """The sums in log2(T) passes: after pass j a token has the terms of its 2^j last tokens (Hillis and Steele 1986).

    A loop over the tokens would take half the time on a processor, but on a GPU it would wait for T small kernels.
    """
    distance = 1
    while distance < terms.shape[1]:
        terms += keep * earlier(terms, segment, distance)
        keep, distance = tf.square(keep), 2 * distance
    return terms
