"""Negatives from the targets of the same stream: items that other users of the batch went on to."""

import numpy as np
import tensorflow as tf

from interest_spark.config.training.samplers import InBatchSamplerConfig


class InBatchSampler:
    """Draws with replacement among the targets; a Sampler.

    An item is met as a target as often as histories hold it, so its chance is its share of all events (Yi et al. 2019,
    "Sampling-bias-corrected neural modeling"). events: int64[C].
    """

    by_stream = True

    def __init__(self, config: InBatchSamplerConfig, events: np.ndarray) -> None:
        self._negatives = config.negatives
        shares = (events + 1.0) / (events + 1.0).sum()  # one more each: no chance is zero
        self._log_expected = tf.constant(np.log(config.negatives * shares).astype(np.float32))  # [C]

    def draw(self, key: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        some = tf.maximum(tf.size(targets), 1)
        places = tf.random.stateless_uniform([self._negatives], key, maxval=some, dtype=tf.int32)
        return tf.gather(tf.concat([targets, [0]], axis=0), places)  # a stream without targets draws what nobody meets

    def log_expected(self, labels: tf.Tensor) -> tf.Tensor:
        return tf.gather(self._log_expected, labels)


build = InBatchSampler
