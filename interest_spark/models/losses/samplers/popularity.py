"""Negatives drawn by popularity: what many users meet competes with a target more often."""

import numpy as np
import tensorflow as tf

from interest_spark.config.training.samplers import PopularitySamplerConfig


class PopularitySampler:
    """Draws label j in proportion to (events_j + 1) ** power; a Sampler.

    events: int64[C].
    """

    by_stream = False

    def __init__(self, config: PopularitySamplerConfig, events: np.ndarray) -> None:
        chances = (events + 1.0) ** config.power
        chances /= chances.sum()
        self._negatives = config.negatives
        self._upto = tf.constant(np.cumsum(chances))  # float64[C]: float32 has no room for a million items
        self._log_expected = tf.constant(np.log(config.negatives * chances).astype(np.float32))  # [C]

    def draw(self, key: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        uniform = tf.random.stateless_uniform([self._negatives], key, dtype=tf.float64)
        drawn = tf.searchsorted(self._upto, uniform * self._upto[-1], side="right")
        return tf.minimum(drawn, tf.size(self._upto) - 1)

    def log_expected(self, labels: tf.Tensor) -> tf.Tensor:
        return tf.gather(self._log_expected, labels)


build = PopularitySampler
