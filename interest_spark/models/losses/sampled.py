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
from interest_spark.models.losses.draws import Draw, draw_negatives
from interest_spark.models.losses.focal import focused
from interest_spark.models.losses.loss import CandidateLabels, DrawKeys, ItemTower, Targets
from interest_spark.models.losses.samplers.sampler import Sampler, build_sampler
from interest_spark.models.losses.smoothing import smoothing_term

_NEVER = -1e9


class SampledSoftmax:
    """A Loss whose cost does not grow with the number of candidates.

    candidates: int32[C], ascending item indexes. sampler: draws labels, places among them. correct: whether the
    sampler's chances are taken out of the loss again. label_smoothing: the share of each target that is spread over
    all candidates, whose mean is estimated from the drawn ones. focal_gamma: see `focal`. precision: of the matrix
    product.
    """

    touches_all_items = False

    def __init__(
        self,
        candidates: np.ndarray,
        sampler: Sampler,
        *,
        correct: bool = True,
        label_smoothing: float = 0.0,
        focal_gamma: float = 0.0,
        precision: tf.DType = tf.float32,
    ) -> None:
        self._labels, self.sampler = CandidateLabels(candidates), sampler
        self._correct, self._precision = correct, precision
        self._smoothing, self._gamma = label_smoothing, focal_gamma

    def __call__(self, tower: ItemTower, hidden: tf.Tensor, targets: Targets, keys: DrawKeys) -> tf.Tensor:
        draws = draw_negatives(self._labels, self.sampler, hidden, targets, keys)
        return tf.add_n([self._sum(tower, draw) for draw in draws])

    def _sum(self, tower: ItemTower, draw: Draw) -> tf.Tensor:
        own = self._vectors(tower, draw.labels)  # [N, d]
        drawn = self._vectors(tower, draw.drawn)  # [n, d]
        positive = tf.reduce_sum(draw.vectors * own, axis=1, keepdims=True)  # [N, 1]
        items = tf.cast(drawn, self._precision)
        negative = tf.matmul(tf.cast(draw.vectors, self._precision), items, transpose_b=True)
        negative = tf.cast(negative, tf.float32)  # [N, n]
        if self._correct:
            negative -= self.sampler.log_expected(draw.drawn)
        hit = tf.cast(draw.labels[:, None] == draw.drawn[None, :], tf.float32)  # the target is no negative of itself
        logits = tf.concat([positive, negative + hit * _NEVER], axis=1)  # [N, 1 + n]
        losses = focused(tf.reduce_logsumexp(logits, axis=1) - positive[:, 0], self._gamma)
        loss = tf.reduce_sum(draw.weights * losses)
        if not self._smoothing:
            return loss
        mean = tf.linalg.matvec(drawn, self._stands_for(draw.drawn), transpose_a=True)  # [d]
        return loss + self._smoothing * smoothing_term(draw.vectors, own, mean, draw.weights)

    def _stands_for(self, drawn: tf.Tensor) -> tf.Tensor:
        """The share of all candidates that each drawn one stands for in their mean, float32[n]."""
        if self._correct:
            return tf.exp(-self.sampler.log_expected(drawn)) / self._labels.item_index.shape[0]
        return tf.fill(tf.shape(drawn), 1.0 / tf.cast(tf.size(drawn), tf.float32))

    def _vectors(self, tower: ItemTower, labels: tf.Tensor) -> tf.Tensor:
        return tower.item_vectors(tf.gather(self._labels.item_index, labels))


def build(config: SampledLossConfig, items: pa.Table, precision: tf.DType) -> SampledSoftmax:
    """The loss over the candidates `items` (read_candidates)."""
    return SampledSoftmax(
        items["item_index"].to_numpy(),
        build_sampler(config.sampler, items["events"].to_numpy()),
        correct=config.correct_sampling,
        label_smoothing=config.label_smoothing,
        focal_gamma=config.focal_gamma,
        precision=precision,
    )
