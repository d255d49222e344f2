"""Softmax over the target and a sample of candidates that the whole batch shares, corrected for how it was drawn.

The estimate of the partition function exp(s_t) + Σ_j exp(s_j) / (n q_j), over the n drawn items j that are not the
target, has the mean of the full sum: a drawn item stands for 1 / (n q_j) items, the target for itself alone (Bengio
and Senécal 2008; logQ as in Yi et al. 2019; the target is not drawn and needs no correction: Khrylchenko et al. 2025,
arXiv:2507.09331). The gradient's bias falls with the number of negatives and grows with the spread of the logits.
"""

import numpy as np
import pyarrow as pa
import tensorflow as tf

from interest_spark.config.training.losses import SampledLossConfig
from interest_spark.models.losses.loss import CandidateLabels, ItemTower, Targets
from interest_spark.models.losses.samplers.sampler import Sampler, build_sampler

_NEVER = -1e9


class SampledSoftmax:
    """A Loss whose cost does not grow with the number of candidates.

    candidates: int32[C], ascending item indexes. sampler: draws labels, places among them. correct: whether the
    sampler's chances are taken out of the loss again. precision: of the matrix product.
    """

    touches_all_items = False

    def __init__(
        self, candidates: np.ndarray, sampler: Sampler, *, correct: bool = True, precision: tf.DType = tf.float32
    ) -> None:
        self._labels, self.sampler = CandidateLabels(candidates), sampler
        self._correct, self._precision = correct, precision

    def __call__(self, tower: ItemTower, hidden: tf.Tensor, targets: Targets, key: tf.Tensor) -> tf.Tensor:
        vectors, labels, weights = self._labels.pick(hidden, targets)
        drawn = self.sampler.draw(key)  # [n]
        positive = tf.reduce_sum(vectors * self._vectors(tower, labels), axis=1, keepdims=True)  # [N, 1]
        items = tf.cast(self._vectors(tower, drawn), self._precision)  # [n, d]
        negative = tf.cast(tf.matmul(tf.cast(vectors, self._precision), items, transpose_b=True), tf.float32)  # [N, n]
        if self._correct:
            negative -= self.sampler.log_expected(drawn)
        hit = tf.cast(labels[:, None] == drawn[None, :], tf.float32)  # the target is no negative of itself
        logits = tf.concat([positive, negative + hit * _NEVER], axis=1)  # [N, 1 + n]
        return tf.reduce_sum(weights * (tf.reduce_logsumexp(logits, axis=1) - positive[:, 0]))

    def _vectors(self, tower: ItemTower, labels: tf.Tensor) -> tf.Tensor:
        return tower.item_vectors(tf.gather(self._labels.item_index, labels))


def build(config: SampledLossConfig, items: pa.Table, precision: tf.DType) -> SampledSoftmax:
    """The loss over the candidates `items` (read_candidates)."""
    sampler = build_sampler(config.sampler, items["events"].to_numpy())
    candidates = items["item_index"].to_numpy()
    return SampledSoftmax(candidates, sampler, correct=config.correct_sampling, precision=precision)
