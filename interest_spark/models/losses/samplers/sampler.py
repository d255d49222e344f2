"""What a sampled loss needs of a sampler of any kind.

The sampler of kind K is `build` of the module `losses/samplers/K.py`.
"""

from importlib import import_module
from typing import Protocol

import numpy as np
import tensorflow as tf

from interest_spark.config.training.samplers import SamplerConfig


class Sampler(Protocol):
    """Draws n negatives of C candidates, which are labels 0 … C - 1.

    by_stream: whether it looks at the targets. Such a sampler draws for each stream by itself, with the stream's key;
    any other draws once for the whole batch, with the key that all ranks share.
    """

    @property
    def by_stream(self) -> bool: ...

    def draw(self, key: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """A key, int32[2], and the labels of the targets that are to meet what is drawn, int32[N] -> int32[n]: labels
        drawn with replacement, always the same for the same key and targets.
        """

    def log_expected(self, labels: tf.Tensor) -> tf.Tensor:
        """int32[n] -> float32[n]: the logarithm of how often each label is drawn in the mean, n times its chance."""


def build_sampler(config: SamplerConfig, events: np.ndarray) -> Sampler:
    """The sampler that the configuration names; events: int64[C], how often each candidate occurs."""
    built: Sampler = import_module(f"interest_spark.models.losses.samplers.{config.kind}").build(config, events)
    return built
