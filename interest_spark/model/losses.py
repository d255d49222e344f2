"""Losses over the valid tokens of packed blocks, as sums, so that ranks add up to what one rank would get."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from interest_spark.model.sasrec import SasRec

_LEAST = float(np.finfo(np.float32).tiny)  # smaller shares are flushed to zero; their logarithm must stay finite
_MAX_LOGITS = 2**25  # 128 MB of float32: a chunk has fewer rows where the catalogue is large


class FullCrossEntropy:
    """-log softmax over all candidate items, the target's share.

    candidates: int32[C], ascending item indexes.
    """

    def __init__(self, candidates: np.ndarray, chunk: int) -> None:
        label_of_item = np.full(int(candidates[-1]) + 1, -1, np.int32)
        label_of_item[candidates] = np.arange(len(candidates))
        self._candidates = tf.constant(candidates)
        self._label_of_item = tf.constant(label_of_item)
        self._chunk = max(1, min(chunk, _MAX_LOGITS // len(candidates)))

    def __call__(self, network: SasRec, hidden: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The loss's sum and the count of targets, float32[] each, of hidden float32[B, T, d] and target int32[B, T].

        A target of 0 is none.
        """
        cells = tf.where(target > 0)  # [N, 2]
        vectors = tf.gather_nd(hidden, cells)  # [N, d]
        labels = tf.gather(self._label_of_item, tf.gather_nd(target, cells))  # [N]
        items = network.item_vectors(self._candidates)  # [C, d]
        return chunked_cross_entropy(vectors, items, labels, self._chunk), tf.cast(tf.shape(cells)[0], tf.float32)


def chunked_cross_entropy(vectors: tf.Tensor, items: tf.Tensor, labels: tf.Tensor, chunk: int) -> tf.Tensor:
    """The summed softmax cross-entropy of vectors · itemsᵀ without ever holding more than `chunk` rows of logits.

    vectors: float32[N, d], items: float32[C, d], labels: int32[N] rows of items -> float32[]. The gradient of a
    sum is known as soon as a chunk's softmax is, so it is taken in the same pass and no logits are kept or
    computed again (as in Hsu et al. 2024, arXiv:2410.10989).
    """

    @tf.custom_gradient
    def loss(vectors: tf.Tensor, items: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        total, to_vectors, to_items = _loss_and_gradients(vectors, items, labels, chunk)
        return total, lambda upstream: (upstream * to_vectors, upstream * to_items)

    return loss(vectors, items)


def _loss_and_gradients(
    vectors: tf.Tensor, items: tf.Tensor, labels: tf.Tensor, chunk: int
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """With P = softmax(logits) and Y the one-hot targets: (P - Y) · items and (P - Y)ᵀ · vectors.

    The terms of Y are gathered and scattered rows; P - Y itself, a pass over all logits, is never made.
    """
    chunks = (tf.shape(vectors)[0] + chunk - 1) // chunk
    targets = tf.gather(items, labels)  # [N, d]

    def one_chunk(
        number: tf.Tensor, total: tf.Tensor, to_vectors: tf.TensorArray, to_items: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray, tf.Tensor]:
        here = slice(number * chunk, (number + 1) * chunk)
        rows = vectors[here]  # [n, d]
        shares = tf.nn.softmax(tf.matmul(rows, items, transpose_b=True))  # [n, C]
        likelihood = tf.gather(shares, labels[here], batch_dims=1)  # [n]
        total -= tf.reduce_sum(tf.math.log(tf.maximum(likelihood, _LEAST)))
        to_vectors = to_vectors.write(number, tf.matmul(shares, items) - targets[here])  # [n, d]
        return number + 1, total, to_vectors, to_items + tf.matmul(shares, rows, transpose_a=True)  # [C, d]

    pieces = tf.TensorArray(tf.float32, size=chunks, infer_shape=False, element_shape=[None, vectors.shape[1]])
    minus_targets = -tf.math.unsorted_segment_sum(vectors, labels, tf.shape(items)[0])  # [C, d]
    _, total, pieces, to_items = tf.while_loop(
        lambda number, *_: number < chunks, one_chunk, (0, 0.0, pieces, minus_targets), parallel_iterations=1
    )
    return total, tf.cond(chunks > 0, pieces.concat, lambda: tf.zeros_like(vectors)), to_items
