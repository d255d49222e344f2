"""What the losses share that hold a target against negatives: scores in chunks, the gradient taken in the same pass."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from interest_spark.models.losses.draws import Draw, draw_negatives
from interest_spark.models.losses.loss import CandidateLabels, DrawKeys, ItemTower, Targets
from interest_spark.models.losses.samplers.sampler import Sampler

_CHUNK_SCORES = 500_000  # 2 MB of float32: a handful of arrays of that size stays in the cache
_LEAST_ROWS = 64


class NegativeLoss(ABC):
    """A Loss made of `contrast`, the loss of targets by their scores and those of their negatives.

    candidates: int32[C], ascending item indexes. sampler: draws labels, places among them. temperature: what scores
    are divided by. precision: of the matrix products; sums are float32.
    """

    touches_all_items = False

    def __init__(
        self,
        candidates: np.ndarray,
        sampler: Sampler,
        temperature: float = 1.0,
        precision: tf.DType = tf.float32,
    ) -> None:
        self._labels, self.sampler = CandidateLabels(candidates), sampler
        self._temperature, self._precision = temperature, precision

    @abstractmethod
    def contrast(
        self, positive: tf.Tensor, negative: tf.Tensor, competes: tf.Tensor, log_expected: tf.Tensor
    ) -> tf.Tensor:
        """The losses of n targets, float32[n], from the scores of these, float32[n], and of their m negatives,
        float32[n, m].

        competes: float32[n, m], 0 where the negative is the target itself, which does not count, else 1.
        log_expected: float32[m], the logarithm of how often the sampler draws each negative in the mean.
        """

    def __call__(self, tower: ItemTower, hidden: tf.Tensor, targets: Targets, keys: DrawKeys) -> tf.Tensor:
        draws = draw_negatives(self._labels, self.sampler, hidden, targets, keys)
        return tf.add_n([self._sum(tower, draw) for draw in draws])

    def _sum(self, tower: ItemTower, draw: Draw) -> tf.Tensor:
        own, negatives = (
            tower.item_vectors(tf.gather(self._labels.item_index, labels)) for labels in (draw.labels, draw.drawn)
        )
        log_expected = self.sampler.log_expected(draw.drawn)  # [m]
        scaled = draw.vectors if self._temperature == 1.0 else draw.vectors / self._temperature

        def losses(here: slice, positive: tf.Tensor, negative: tf.Tensor) -> tf.Tensor:
            competes = tf.cast(draw.labels[here][:, None] != draw.drawn[None, :], tf.float32)  # [n, m]
            return draw.weights[here] * self.contrast(positive, negative, competes, log_expected)

        chunk = max(_LEAST_ROWS, _CHUNK_SCORES // max(draw.drawn.shape[0] or 1, 1))
        return chunked_sum(losses, scaled, own, negatives, chunk, self._precision)


Losses = Callable[[slice, tf.Tensor, tf.Tensor], tf.Tensor]
"""The losses of a slice of the targets, float32[n], from their scores, float32[n], and their negatives', float32[n, m].
"""


def chunked_sum(
    losses: Losses,
    vectors: tf.Tensor,
    own: tf.Tensor,
    negatives: tf.Tensor,
    chunk: int,
    precision: tf.DType = tf.float32,
) -> tf.Tensor:
    """The sum of the losses of N targets, never holding the scores of more than `chunk` of them, float32[].

    vectors, own: float32[N, d], of the tokens and of their targets. negatives: float32[m, d]. A chunk's scores are
    differentiated while they are in the cache; nothing of them is kept or computed again.
    """

    @tf.custom_gradient
    def loss(
        vectors: tf.Tensor, own: tf.Tensor, negatives: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        total, *gradients = _loss_and_gradients(losses, vectors, own, negatives, chunk, precision)
        return total, lambda upstream: tuple(upstream * gradient for gradient in gradients)

    return loss(vectors, own, negatives)


def _loss_and_gradients(
    losses: Losses, vectors: tf.Tensor, own: tf.Tensor, negatives: tf.Tensor, chunk: int, precision: tf.DType
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """With P and G the losses' derivatives by the scores of the targets, [N], and of the negatives, [N, m]:
    P own + G · negatives, P vectors, and Gᵀ · vectors.
    """
    chunks = (tf.shape(vectors)[0] + chunk - 1) // chunk
    items = tf.cast(negatives, precision)  # [m, d]
    across = tf.transpose(items)  # [d, m]
    scores = tf.reduce_sum(vectors * own, axis=1)  # [N]

    def one_chunk(
        number: tf.Tensor, total: tf.Tensor, to_vectors: tf.TensorArray, to_scores: tf.TensorArray, pushed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray, tf.TensorArray, tf.Tensor]:
        here = slice(number * chunk, (number + 1) * chunk)
        rows = tf.cast(vectors[here], precision)  # [n, d]
        positive, negative = scores[here], tf.cast(tf.matmul(rows, across), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch([positive, negative])
            value = tf.reduce_sum(losses(here, positive, negative))
        to_positive, to_negative = tape.gradient(value, [positive, negative])
        to_negative = tf.cast(to_negative, precision)
        pull = tf.cast(tf.matmul(to_negative, items), tf.float32)  # [n, d]
        push = tf.cast(tf.matmul(rows, to_negative, transpose_a=True), tf.float32)  # [d, m]
        return (
            number + 1,
            total + value,
            to_vectors.write(number, pull),
            to_scores.write(number, to_positive),
            pushed + push,
        )

    pulls = tf.TensorArray(tf.float32, size=chunks, infer_shape=False, element_shape=[None, vectors.shape[1]])
    slopes = tf.TensorArray(tf.float32, size=chunks, infer_shape=False, element_shape=[None])
    _, total, pulls, slopes, pushed = tf.while_loop(
        lambda number, *_: number < chunks,
        one_chunk,
        (0, 0.0, pulls, slopes, tf.zeros_like(across, tf.float32)),
        parallel_iterations=1,
    )
    pulled = tf.cond(chunks > 0, pulls.concat, lambda: tf.zeros_like(vectors))  # [N, d]
    to_scores = tf.cond(chunks > 0, slopes.concat, lambda: tf.zeros_like(scores))[:, None]  # [N, 1]
    return total, pulled + to_scores * own, to_scores * vectors, tf.transpose(pushed)
