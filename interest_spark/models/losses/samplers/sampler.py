"""What a sampled loss needs of a sampler of any kind.

The sampler of kind K is `build` of the module `losses/samplers/K.py`.
"""

from importlib import import_module
from typing import Protocol

import numpy as np
import tensorflow as tf

from interest_spark.config.training.samplers import SamplerConfig


class Sampler(Protocol):
    """Draws n negatives of C candidates, which are labels 0 … C - 1."""

    def draw(self, key: tf.Tensor) -> tf.Tensor:
        """int32[2], the same on all ranks -> int32[n]: labels drawn with replacement, for one key always the same."""

    def log_expected(self, labels: tf.Tensor) -> tf.Tensor:
        """int32[n] -> float32[n]: the logarithm of how often each label is drawn in the mean, n times its chance."""


def build_sampler(config: SamplerConfig, events: np.ndarray) -> Sampler:
    """The sampler that the configuration names; events: int64[C], how often each candidate occurs."""
    built: Sampler = import_module(f"interest_spark.models.losses.samplers.{config.kind}").build(config, events)
    return built
