"""The chunked cross-entropy is the plain one, in value and in gradient."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.models.losses.full import FullCrossEntropy, chunked_cross_entropy
from interest_spark.models.losses.loss import DrawKeys, Targets

KEYS = DrawKeys(tf.constant([0, 0]), tf.constant([[0, 1]]))


def plain(vectors: tf.Tensor, items: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    logits = tf.matmul(vectors, items, transpose_b=True)
    return tf.reduce_sum(weights * tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def world(rows: int, items: int = 30, dim: int = 8, scale: float = 1.0) -> tuple[tf.Tensor, ...]:
    """Vectors, a table, labels and weights."""
    random = np.random.default_rng(rows)
    vectors, table = (random.normal(size=(n, dim)).astype(np.float32) * scale for n in (rows, items))
    labels, weights = random.integers(0, items, rows).astype(np.int32), random.uniform(0.5, 2, rows)
    return tf.constant(vectors), tf.constant(table), tf.constant(labels), tf.constant(weights.astype(np.float32))


@pytest.mark.parametrize("rows", [1, 6, 7, 20])
@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_value_and_gradient_are_those_of_the_plain_loss(rows: int, chunk: int) -> None:
    vectors, items, labels, weights = world(rows)
    results = []
    for loss in (plain, partial(chunked_cross_entropy, chunk=chunk)):
        with tf.GradientTape() as tape:
            tape.watch([vectors, items])
            value = 3.0 * loss(vectors, items, labels, weights)
        results.append([value, *tape.gradient(value, [vectors, items])])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def test_no_rows_give_no_loss_and_no_gradient() -> None:
    vectors, items, labels, weights = world(0)
    with tf.GradientTape() as tape:
        tape.watch([vectors, items])
        value = tf.function(chunked_cross_entropy)(vectors, items, labels, weights, 4)
    to_vectors, to_items = tape.gradient(value, [vectors, items])
    assert float(value) == 0
    assert to_vectors.shape == (0, 8)
    assert not np.asarray(to_items).any()


def test_a_hopeless_target_stays_finite() -> None:
    value = chunked_cross_entropy(*world(5, scale=50.0), 2)
    assert np.isfinite(value)


class _TableOf:
    """An item tower that is a table."""

    def __init__(self, table: np.ndarray | tf.Tensor) -> None:
        self._table = tf.convert_to_tensor(table)

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        return tf.gather(self._table, rows)


def test_only_candidates_compete_and_only_targets_count() -> None:
    random = np.random.default_rng(1)
    table = random.normal(size=(10, 4)).astype(np.float32)
    hidden = random.normal(size=(1, 3, 4)).astype(np.float32)
    candidates = np.array([2, 5, 9], np.int32)
    loss = FullCrossEntropy(candidates, chunk=2)
    targets = Targets(tf.constant([[5, 2, 9]]), tf.constant([[1.0, 0.0, 3.0]]))
    value = loss(_TableOf(table), tf.constant(hidden), targets, KEYS)
    logits = hidden[0][[0, 2]] @ table[candidates].T
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(value, -np.log(shares[0, 1]) - 3 * np.log(shares[1, 2]), rtol=1e-5)


def test_scores_are_multiplied_by_their_scale() -> None:
    random = np.random.default_rng(2)
    table, hidden = random.normal(size=(6, 4)).astype(np.float32), random.normal(size=(1, 2, 4)).astype(np.float32)
    targets = Targets(tf.constant([[3, 2]]), tf.ones([1, 2]))
    loss = FullCrossEntropy(np.arange(2, 6, dtype=np.int32), score_scale=4.0)
    value = loss(_TableOf(table), tf.constant(hidden), targets, KEYS)
    logits = hidden[0] @ table[2:].T * 4
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(value, -np.log(shares[0, 1]) - np.log(shares[1, 0]), rtol=1e-5)


@pytest.mark.parametrize(("smoothing", "gamma"), [(0.2, 0.0), (0.0, 0.5), (0.0, 2.0), (0.1, 1.5)])
def test_smoothing_and_focal_weighting_are_those_of_their_formulas(smoothing: float, gamma: float) -> None:
    """(1 - p)^γ · -log p of the target, and a share of the mean of all candidates' cross-entropies."""
    vectors, table, labels, weights = world(20, scale=0.5)
    candidates = np.arange(2, 32, dtype=np.int32)
    loss = FullCrossEntropy(candidates, chunk=7, label_smoothing=smoothing, focal_gamma=gamma)
    targets = Targets(labels[None] + 2, weights[None])

    def built(vectors: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
        return loss(_TableOf(tf.concat([tf.zeros([2, 8]), table], axis=0)), vectors[None], targets, KEYS)

    def formula(vectors: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
        logs = tf.nn.log_softmax(tf.matmul(vectors, table, transpose_b=True))
        own = tf.gather(logs, labels, batch_dims=1)
        smooth = smoothing * (own - tf.reduce_mean(logs, axis=1))
        return tf.reduce_sum(weights * (-((1 - tf.exp(own)) ** gamma) * own + smooth))

    results = []
    for each in (built, formula):
        with tf.GradientTape() as tape:
            tape.watch([vectors, table])
            value = each(vectors, table)
        results.append([value, *map(tf.convert_to_tensor, tape.gradient(value, [vectors, table]))])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)
