"""Averaged weights: what is validated and published is a moving average of what training moves (Polyak and Juditsky
1992; exponential as in Tarvainen and Valpola 2017, arXiv:1703.01780).
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import tensorflow as tf

from interest_spark.config.training.helpers import AverageConfig


class Average(Protocol):
    """The weights to judge and to publish."""

    @property
    def state(self) -> Mapping[str, tf.Variable]:
        """Everything that the next update depends on, under permanent names: what a checkpoint holds."""

    def update(self) -> None:
        """Take in the weights after one more step."""

    def in_place(self) -> AbstractContextManager[None]:
        """Meanwhile the variables hold the averages."""

    def take(self) -> None:
        """Give the variables the averages for good."""


class ExponentialAverage:
    """After a step average = r average + (1 - r) weights with r = min(decay, (1 + t) / (10 + t)), t the number of
    steps since the first that counts; an Average. Until then the average is the weights.

    It doubles the memory of the weights, and a step costs one more pass over all of them, large item tables included.
    """

    def __init__(self, variables: Mapping[str, tf.Variable], config: AverageConfig) -> None:
        self._variables, self._config = dict(variables), config
        self._steps = tf.Variable(0, name="average/steps", dtype=tf.int64)
        self._averages = {name: tf.Variable(value, trainable=False) for name, value in variables.items()}
        self._update = tf.function(self._graph, autograph=False)

    @property
    def state(self) -> dict[str, tf.Variable]:
        averages = {f"average/of/{name}": variable for name, variable in self._averages.items()}
        return {"average/steps": self._steps, **averages}

    def update(self) -> None:
        self._update()

    def _graph(self) -> None:
        counted = tf.cast(self._steps.assign_add(1) - self._config.from_step, tf.float32)
        kept = tf.minimum(self._config.decay, (1.0 + counted) / (10.0 + counted))
        kept = tf.where(counted > 0, kept, 0.0)
        for name, average in self._averages.items():
            weights = self._variables[name]
            average.assign(weights + kept * (average - weights))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        moved = {name: variable.numpy() for name, variable in self._variables.items()}
        self.take()
        try:
            yield
        finally:
            for name, values in moved.items():
                self._variables[name].assign(values)

    def take(self) -> None:
        for name, average in self._averages.items():
            self._variables[name].assign(average)


class NoAverage:
    """The weights as training leaves them; an Average."""

    state: Mapping[str, tf.Variable] = {}

    def update(self) -> None:
        return None

    @contextmanager
    def in_place(self) -> Iterator[None]:
        yield

    def take(self) -> None:
        return None


def build_average(config: AverageConfig | None, variables: Mapping[str, tf.Variable]) -> Average:
    """The average that the configuration names."""
    return NoAverage() if config is None else ExponentialAverage(variables, config)
