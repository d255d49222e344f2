"""Negatives drawn from all candidates alike."""

import math

import numpy as np
import tensorflow as tf

from interest_spark.config.training.samplers import UniformSamplerConfig


class UniformSampler:
    """Draws each of C labels with the chance 1 / C; a Sampler. events: int64[C], of which only the number counts."""

    by_stream = False

    def __init__(self, config: UniformSamplerConfig, events: np.ndarray) -> None:
        self._negatives, self._labels = config.negatives, len(events)

    def draw(self, key: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform([self._negatives], key, maxval=self._labels, dtype=tf.int32)

    def log_expected(self, labels: tf.Tensor) -> tf.Tensor:
        return tf.fill(tf.shape(labels), math.log(self._negatives / self._labels))


build = UniformSampler
