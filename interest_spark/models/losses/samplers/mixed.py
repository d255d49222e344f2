"""Negatives from several samplers at once: hard ones of the batch and of popular items, and some of all the others."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from interest_spark.config.training.samplers import (
    InBatchSamplerConfig,
    MixedSamplerConfig,
    PopularitySamplerConfig,
    UniformSamplerConfig,
)
from interest_spark.models.losses.samplers.in_batch import InBatchSampler
from interest_spark.models.losses.samplers.popularity import PopularitySampler
from interest_spark.models.losses.samplers.sampler import Sampler
from interest_spark.models.losses.samplers.uniform import UniformSampler


class MixedSampler:
    """Draws a fixed number from each of the samplers; a Sampler.

    An item is drawn as often as all of them together draw it (the balance heuristic of Veach and Guibas 1995), so that
    one which two of them favour is not counted twice.
    """

    def __init__(self, samplers: Sequence[Sampler]) -> None:
        self._samplers = samplers
        self.by_stream = any(sampler.by_stream for sampler in samplers)

    def draw(self, key: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        keys = (key + tf.constant([place, 0]) for place in range(len(self._samplers)))
        return tf.concat([each.draw(own, targets) for each, own in zip(self._samplers, keys, strict=True)], axis=0)

    def log_expected(self, labels: tf.Tensor) -> tf.Tensor:
        return tf.reduce_logsumexp(tf.stack([each.log_expected(labels) for each in self._samplers]), axis=0)


def build(config: MixedSamplerConfig, events: np.ndarray) -> MixedSampler:
    """The sampler whose shares the configuration gives; a share of no negative is left out."""
    in_batch, uniform = (round(config.negatives * share) for share in (config.in_batch, config.uniform))
    uniform = min(uniform, config.negatives - in_batch)
    popular = config.negatives - in_batch - uniform
    samplers: list[Sampler] = []
    if in_batch:
        samplers.append(InBatchSampler(InBatchSamplerConfig(negatives=in_batch), events))
    if popular:
        samplers.append(PopularitySampler(PopularitySamplerConfig(negatives=popular, power=config.power), events))
    if uniform:
        samplers.append(UniformSampler(UniformSamplerConfig(negatives=uniform), events))
    return MixedSampler(samplers)
