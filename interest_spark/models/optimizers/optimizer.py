"""What the training loop needs of an optimiser of any kind.

The optimiser of kind K is `build` of the module `optimizers/K.py`.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Protocol

import tensorflow as tf

from interest_spark.config.training.optimizers import OptimizerConfig
from interest_spark.models.parallel.exchange import Gradient


class Optimizer(Protocol):
    """Moves the variables that it was made for."""

    @property
    def state(self) -> Mapping[str, tf.Variable]:
        """Everything that the next step depends on, under permanent names: what a checkpoint holds."""

    def rate(self, step: int) -> float:
        """The learning rate of step 1, 2, …: what `apply` takes it with."""

    def apply(self, gradients: Sequence[Gradient]) -> tf.Tensor:
        """Take one step along the gradients, in the order of the variables; returns their norm before clipping.

        A gradient of rows (IndexedSlices, each row once) must move those rows alone.
        """


def build_optimizer(config: OptimizerConfig, variables: Mapping[str, tf.Variable], total_steps: int) -> Optimizer:
    """The optimiser that the configuration names; `total_steps` is where its schedule ends."""
    module = import_module(f"interest_spark.models.optimizers.{config.kind}")
    built: Optimizer = module.build(variables, config, total_steps)
    return built
