"""The softmax cross-entropy over all candidates, in chunks, with the gradient taken in the same pass."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import tensorflow as tf

from interest_spark.config.training.losses import FullLossConfig
from interest_spark.models.losses.focal import focal
from interest_spark.models.losses.loss import CandidateLabels, DrawKeys, ItemTower, Targets
from interest_spark.models.losses.smoothing import smoothing_term

_LEAST = float(np.finfo(np.float32).tiny)  # smaller shares are flushed to zero; their logarithm must stay finite
_CHUNK_LOGITS = 1_500_000  # 6 MB of float32, which stay in the cache: with 12 MB a step took 1.5 times as long
_LEAST_ROWS = 64  # fewer make the products slow; with a million items they are 256 MB


class FullCrossEntropy:
    """-log softmax over all candidate items, the target's share; a Loss.

    candidates: int32[C], ascending item indexes. chunk: rows of logits at once, None for as many as the cache holds.
    label_smoothing: the share of each target that is spread over all candidates (Szegedy et al. 2016,
    arXiv:1512.00567). focal_gamma: see `focal`. score_scale: what scores are multiplied by; with a network of unit
    vectors it makes the softmax of cosines sharp enough to learn from (InfoNCE against all items). precision: of the
    matrix products; sums are float32.
    """

    touches_all_items = True

    def __init__(
        self,
        candidates: np.ndarray,
        chunk: int | None = None,
        precision: tf.DType = tf.float32,
        *,
        label_smoothing: float = 0.0,
        focal_gamma: float = 0.0,
        score_scale: float = 1.0,
    ) -> None:
        self._labels = CandidateLabels(candidates)
        self._chunk = chunk or max(_LEAST_ROWS, _CHUNK_LOGITS // len(candidates))
        self._precision, self._smoothing, self._gamma = precision, label_smoothing, focal_gamma
        self._scale = score_scale

    def __call__(self, tower: ItemTower, hidden: tf.Tensor, targets: Targets, keys: DrawKeys) -> tf.Tensor:
        vectors, labels, weights = self._labels.pick(hidden, targets)
        if self._scale != 1.0:
            vectors = vectors * self._scale
        items = tower.item_vectors(self._labels.item_index)  # [C, d]
        loss = chunked_cross_entropy(vectors, items, labels, weights, self._chunk, self._precision, self._gamma)
        if not self._smoothing:
            return loss
        own = tf.gather(items, labels)  # [N, d]
        return loss + self._smoothing * smoothing_term(vectors, own, tf.reduce_mean(items, axis=0), weights)


def build(config: FullLossConfig, items: pa.Table, precision: tf.DType) -> FullCrossEntropy:
    """The loss over the candidates `items` (read_candidates)."""
    return FullCrossEntropy(
        items["item_index"].to_numpy(),
        config.chunk,
        precision,
        label_smoothing=config.label_smoothing,
        focal_gamma=config.focal_gamma,
        score_scale=config.score_scale,
    )


def chunked_cross_entropy(
    vectors: tf.Tensor,
    items: tf.Tensor,
    labels: tf.Tensor,
    weights: tf.Tensor,
    chunk: int,
    precision: tf.DType = tf.float32,
    focal_gamma: float = 0.0,
) -> tf.Tensor:
    """The weighted sum of softmax cross-entropies of vectors · itemsᵀ, never holding more than `chunk` rows of logits.

    vectors: float32[N, d], items: float32[C, d], labels: int32[N] rows of items, weights: float32[N] -> float32[].
    The gradient of a sum is known as soon as a chunk's softmax is, so it is taken in the same pass and no logits
    are kept or computed again (as in Hsu et al. 2024, arXiv:2410.10989).
    """

    @tf.custom_gradient
    def loss(vectors: tf.Tensor, items: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        total, to_vectors, to_items = _loss_and_gradients(
            vectors, items, labels, weights, chunk, precision, focal_gamma
        )
        return total, lambda upstream: (upstream * to_vectors, upstream * to_items)

    return loss(vectors, items)


def _loss_and_gradients(
    vectors: tf.Tensor,
    items: tf.Tensor,
    labels: tf.Tensor,
    weights: tf.Tensor,
    chunk: int,
    precision: tf.DType,
    focal_gamma: float,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """With P = softmax(logits), Y the one-hot targets and W the weights: W (P - Y) · items and (W (P - Y))ᵀ · vectors.

    The terms of Y are gathered and scattered rows; P - Y itself, a pass over all logits, is never made. Logits
    come from a transposed copy of the items, and the items' gradient is summed up transposed: with 100,000 items
    these two products take 1.7 times as long otherwise. Focal weighting multiplies a row's loss and, otherwise, its
    gradient: W is then another one in each.
    """
    chunks = (tf.shape(vectors)[0] + chunk - 1) // chunk
    targets = tf.gather(items, labels)  # [N, d]
    table = tf.cast(items, precision)
    across = tf.transpose(table)  # [d, C]

    def one_chunk(
        number: tf.Tensor, total: tf.Tensor, to_vectors: tf.TensorArray, pushes: tf.TensorArray, to_items: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray, tf.TensorArray, tf.Tensor]:
        here = slice(number * chunk, (number + 1) * chunk)
        rows = tf.cast(vectors[here], precision)  # [n, d]
        shares = tf.nn.softmax(tf.cast(tf.matmul(rows, across), tf.float32))  # [n, C]
        likelihood = tf.gather(shares, labels[here], batch_dims=1)  # [n]
        scale, slope = focal(likelihood, focal_gamma)  # [n]
        total -= tf.reduce_sum(weights[here] * scale * tf.math.log(tf.maximum(likelihood, _LEAST)))
        shares = tf.cast(shares, precision)
        pull = tf.cast(tf.matmul(shares, table), tf.float32) - targets[here]  # [n, d]
        slopes = (weights[here] * slope)[:, None]  # [n, 1]
        weighted = vectors[here] * slopes  # [n, d]
        push = tf.matmul(tf.cast(weighted, precision), shares, transpose_a=True)  # [d, C]
        to_items += tf.cast(push, tf.float32)
        return number + 1, total, to_vectors.write(number, pull * slopes), pushes.write(number, weighted), to_items

    pieces = [
        tf.TensorArray(tf.float32, size=chunks, infer_shape=False, element_shape=[None, vectors.shape[1]])
        for _ in range(2)
    ]
    _, total, to_vectors, pushes, to_items = tf.while_loop(
        lambda number, *_: number < chunks,
        one_chunk,
        (0, 0.0, *pieces, tf.zeros_like(across, tf.float32)),
        parallel_iterations=1,
    )
    pulled, weighted = (
        tf.cond(chunks > 0, rows.concat, lambda: tf.zeros_like(vectors)) for rows in (to_vectors, pushes)
    )
    to_items = tf.transpose(to_items) - tf.math.unsorted_segment_sum(weighted, labels, tf.shape(items)[0])  # [C, d]
    return total, pulled, to_items
