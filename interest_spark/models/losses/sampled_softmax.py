"""Softmax over the target and a sample of candidates that the whole batch shares, corrected for how it was drawn.

The estimate of the partition function exp(s_t) + Σ_j exp(s_j) / (n q_j), over the n drawn items j that are not the
target, has the mean of the full sum: a drawn item stands for 1 / (n q_j) items, the target for itself alone (Bengio
and Senécal 2008; logQ as in Yi et al. 2019; the target is not drawn and needs no correction: Khrylchenko et al. 2025,
arXiv:2507.09331). The gradient's bias falls with the number of negatives and grows with the spread of the logits.
"""

import numpy as np
import tensorflow as tf

from interest_spark.config.training import LossConfig
from interest_spark.models.losses.loss import CandidateLabels, Network, Targets

_NEVER = -1e9


class SampledSoftmax:
    """A Loss whose cost does not grow with the number of candidates.

    candidates: int32[C], ascending item indexes. events: int64[C], how often each occurs; item j is drawn with
    probability q_j in proportion to (events_j + 1) ** sampling_power. precision: of the matrix product.
    """

    def __init__(
        self, candidates: np.ndarray, events: np.ndarray, config: LossConfig, precision: tf.DType = tf.float32
    ) -> None:
        self._labels = CandidateLabels(candidates)
        chances = (events + 1.0) ** config.sampling_power
        chances /= chances.sum()
        self._negatives, self._precision = config.negatives, precision
        self._upto = tf.constant(np.cumsum(chances))  # float64[C]: float32 has no room for a million items
        correction = np.log(config.negatives * chances) if config.correct_sampling else np.zeros(len(chances))
        self._correction = tf.constant(correction.astype(np.float32))

    def __call__(self, network: Network, hidden: tf.Tensor, targets: Targets, key: tf.Tensor) -> tf.Tensor:
        vectors, labels, weights = self._labels.pick(hidden, targets)
        drawn = self.draw(key)  # [n]
        own = tf.reduce_sum(vectors * self._vectors(network, labels), axis=1, keepdims=True)  # [N, 1]
        rivals = tf.cast(self._vectors(network, drawn), self._precision)  # [n, d]
        others = tf.cast(tf.matmul(tf.cast(vectors, self._precision), rivals, transpose_b=True), tf.float32)  # [N, n]
        others -= tf.gather(self._correction, drawn)
        hit = tf.cast(labels[:, None] == drawn[None, :], tf.float32)  # the target is no competitor of itself
        logits = tf.concat([own, others + hit * _NEVER], axis=1)  # [N, 1 + n]
        return tf.reduce_sum(weights * (tf.reduce_logsumexp(logits, axis=1) - own[:, 0]))

    def draw(self, key: tf.Tensor) -> tf.Tensor:
        """int32[negatives]: labels of the items drawn for a key, with replacement."""
        uniform = tf.random.stateless_uniform([self._negatives], key, dtype=tf.float64)
        drawn = tf.searchsorted(self._upto, uniform * self._upto[-1], side="right")
        return tf.minimum(drawn, tf.size(self._upto) - 1)

    def _vectors(self, network: Network, labels: tf.Tensor) -> tf.Tensor:
        return network.item_vectors(tf.gather(self._labels.item_index, labels))
