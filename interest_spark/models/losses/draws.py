"""The targets of a batch, beside the negatives that they share."""

from dataclasses import dataclass

import tensorflow as tf

from interest_spark.models.losses.loss import CandidateLabels, DrawKeys, Targets
from interest_spark.models.losses.samplers.sampler import Sampler

_SALT = tf.constant([0, 0x4E45])  # apart from what else is drawn by a stream's key, such as dropout's masks


@dataclass(frozen=True)
class Draw:
    """N tokens with something to predict and their n negatives: vectors float32[N, d], labels int32[N], weights
    float32[N], and drawn int32[n], labels too.
    """

    vectors: tf.Tensor
    labels: tf.Tensor
    weights: tf.Tensor
    drawn: tf.Tensor


def draw_negatives(
    candidates: CandidateLabels, sampler: Sampler, hidden: tf.Tensor, targets: Targets, keys: DrawKeys
) -> list[Draw]:
    """One draw for the batch, by the shared key; of a sampler that looks at targets one for each stream, by its own.

    Either way a target meets the same negatives on any number of ranks, and all scores are one matrix product a draw.
    """
    if not sampler.by_stream:
        vectors, labels, weights = candidates.pick(hidden, targets)
        return [Draw(vectors, labels, weights, sampler.draw(keys.shared, labels))]
    streams = keys.streams.shape[0]
    parts = (tf.split(each, streams) for each in (hidden, targets.item, targets.weight, keys.streams))
    draws = []
    for own, item, weight, key in zip(*parts, strict=True):
        vectors, labels, weights = candidates.pick(own, Targets(item, weight))
        draws.append(Draw(vectors, labels, weights, sampler.draw(key[0] + _SALT, labels)))
    return draws
