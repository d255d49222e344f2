"""Exponential averages along the segments of packed blocks: a causal low-pass filter.

B blocks of T tokens, d channels.
"""

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
        """[B, T, d] -> [B, T, d] in log2(T) passes: after pass j a token holds the terms of its 2^j last tokens."""
        keep = tf.sigmoid(self._rate)  # [d]
        starts = tf.pad(segment[:, 1:] != segment[:, :-1], [[0, 0], [1, 0]], constant_values=True)[..., None]
        wide = tf.cast(x, tf.float32)
        average = wide * tf.where(starts, 1.0, 1.0 - keep)
        distance = 1
        while distance < x.shape[1]:
            average += keep * earlier(average, segment, distance)
            keep, distance = tf.square(keep), 2 * distance
        return tf.cast(average, x.dtype)
