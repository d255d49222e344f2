"""What teaches a second stage: targets before the items that the first stage would rather suggest.

It learns in the same steps as the network, from the states and vectors that the network has then, and no gradient of
its loss reaches them: the first stage is what it would be alone, and one run makes both, with one reader, one set of
checkpoints and one warm start. A run of its own, after the first stage's, would read all blocks and encode all of them
again. B blocks of T tokens in S streams, q targets of a block, n negatives of a target, d = dim.
"""

import numpy as np
import tensorflow as tf

from interest_spark.models.losses.loss import CandidateLabels, Targets
from interest_spark.models.losses.samplers.sampler import Sampler
from interest_spark.models.networks.layers import Dropout
from interest_spark.models.networks.network import Network, Tokens
from interest_spark.models.networks.second_stage.second_stage import Moments, SecondStage, last_items
from interest_spark.models.training.segments import uniform_by_stream

_NEVER = -1e9
_CHOICE, _SALT, _REST = (0, 0x3253), (0, 0x3254), (0, 0x3255)  # apart from what else is drawn by a stream's key


class SecondStageLoss:
    """A softmax over each target and its negatives, as a sum that depends on each stream alone.

    Of every block `targets` tokens teach it in a step, chosen by chance; their mean stands for all of the stream's
    targets, and weighs what these weigh. A stream draws one sample of items by its own key. Half of a target's
    negatives are those of the sample that the first stage ranks highest, which it will meet when it serves (dynamic
    negative sampling; Zhang et al., SIGIR 2013); the others are drawn from the rest of the sample, without which the
    second stage would say anything of items that only sometimes are candidates. Items count by how seldom they are
    met, -log P, so that the sum over negatives estimates that over the catalogue (Horvitz and Thompson 1952).

    candidates: int32[C], ascending item indexes. sampler: draws labels, places among them.
    """

    def __init__(self, stage: SecondStage, candidates: np.ndarray, sampler: Sampler) -> None:
        self._stage, self._labels, self._sampler = stage, CandidateLabels(candidates), sampler

    def __call__(
        self, network: Network, tokens: Tokens, hidden: tf.Tensor, targets: Targets, dropout: Dropout, keys: tf.Tensor
    ) -> tf.Tensor:
        """float32[]: the weighted sum; tokens as the network saw them, hidden: float32[B, T, d], int32[S, 2] keys."""
        streams = keys.shape[0]
        cells, weight = self._choose(targets, keys)  # [B q, 2], [B q]
        state = tf.stop_gradient(tf.gather_nd(hidden, cells))
        items = last_items(tokens["item"], tokens["segment"], cells, self._stage.looks_back)
        moments = Moments(state, _frozen_vectors(network, items), items > 0)
        target = tf.maximum(self._labels.of(tf.gather_nd(targets.item, cells)), 0)  # [B q]; weightless cells have none
        parts = zip(*(tf.split(each, streams) for each in (state, target, weight)), tf.unstack(keys), strict=True)
        drawn, ballast = (
            tf.concat(each, axis=0) for each in zip(*(self._draw(network, *p) for p in parts), strict=True)
        )
        asked = tf.concat([target[:, None], drawn], axis=1)  # [B q, 1 + n]
        vectors = _frozen_vectors(network, tf.gather(self._labels.item_index, asked))
        logits = self._stage.score(moments, vectors, dropout)
        logits += tf.pad(ballast, [[0, 0], [1, 0]])
        losses = weight * (tf.reduce_logsumexp(logits, axis=1) - logits[:, 0])
        of_stream = [
            tf.reduce_sum(whole) * tf.math.divide_no_nan(tf.reduce_sum(loss), tf.reduce_sum(own))
            for whole, loss, own in zip(
                *(tf.split(each, streams) for each in (targets.weight, losses, weight)), strict=True
            )
        ]
        return tf.add_n(of_stream)

    def _choose(self, targets: Targets, keys: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Cells of q tokens of each block, int32[B q, 2], and their weights, 0 where a block has fewer targets."""
        blocks, length = tf.shape(targets.item)[0], targets.item.shape[1]
        lots = uniform_by_stream(keys, _CHOICE, blocks, length)
        wanted = (targets.item > 0) & (targets.weight > 0)
        places = tf.math.top_k(tf.where(wanted, lots, -1.0), min(self._stage.config.targets, length)).indices  # [B, q]
        block = tf.broadcast_to(tf.range(blocks)[:, None], tf.shape(places))
        cells = tf.reshape(tf.stack([block, places], axis=2), [-1, 2])
        weight = tf.where(tf.gather_nd(wanted, cells), tf.gather_nd(targets.weight, cells), 0.0)
        return cells, weight

    def _draw(
        self, network: Network, state: tf.Tensor, target: tf.Tensor, weight: tf.Tensor, key: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Of a stream's N targets the labels of their negatives, int32[N, n], and what is added to their scores."""
        met = tf.boolean_mask(target, weight > 0)
        sample = tf.sort(self._sampler.draw(key + tf.constant(_SALT), met))  # [m]
        again = tf.concat([[False], sample[1:] == sample[:-1]], axis=0)
        seldom = -tf.math.log(-tf.math.expm1(-tf.exp(self._sampler.log_expected(sample))))  # -log P(drawn at all)
        vectors = _frozen_vectors(network, tf.gather(self._labels.item_index, sample))  # [m, d]
        added = tf.where(again, _NEVER, seldom) + tf.where(target[:, None] == sample, _NEVER, 0.0)  # [N, m]
        ranked = tf.matmul(state, vectors, transpose_b=True) + added
        count = min(self._stage.config.negatives, sample.shape[0])
        best = tf.math.top_k(ranked, count - count // 2)  # [N, n - n / 2]
        rest = (ranked < best.values[:, -1:]) & (added > _NEVER / 2)  # [N, m]
        lots = tf.random.stateless_uniform(tf.shape(ranked), key + tf.constant(_REST))
        others = tf.math.top_k(tf.where(rest, lots, -1.0), count // 2).indices  # [N, n / 2]
        stands_for = tf.reduce_sum(tf.cast(rest, tf.float32), axis=1, keepdims=True) / max(count // 2, 1)
        of_others = tf.gather(added, others, batch_dims=1) + tf.math.log(tf.maximum(stands_for, 1.0))
        of_others = tf.where(tf.gather(rest, others, batch_dims=1), of_others, _NEVER)  # there may be fewer
        asked = tf.gather(sample, tf.concat([best.indices, others], axis=1))
        return asked, tf.concat([tf.gather(added, best.indices, batch_dims=1), of_others], axis=1)


def _frozen_vectors(network: Network, items: tf.Tensor) -> tf.Tensor:
    """int32[…] item indexes -> float32[…, d]."""
    vectors = network.item_vectors(tf.reshape(items, [-1]))
    return tf.stop_gradient(tf.reshape(vectors, tf.concat([tf.shape(items), [vectors.shape[1]]], axis=0)))
