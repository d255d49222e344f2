"""The trainable arrays of a network, each under a permanent name."""

import zlib
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from interest_spark.foundation.errors import BadDataError

_STDDEV = 0.02


class Parameters:
    """Makes a network's variables and keeps them by name; a draw depends on the seed and the name alone."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.by_name: dict[str, tf.Variable] = {}

    def normal(self, name: str, *shape: int, zero_rows: int = 0) -> tf.Variable:
        """A variable drawn from N(0, 0.02²) whose first `zero_rows` rows are zero."""
        drawn = tf.random.stateless_normal(shape, [self._seed, zlib.crc32(name.encode()) & 0x7FFFFFFF], stddev=_STDDEV)
        return self._keep(name, tf.concat([tf.zeros([zero_rows, *shape[1:]]), drawn[zero_rows:]], axis=0))

    def constant(self, name: str, value: float, *shape: int) -> tf.Variable:
        """A variable filled with `value`."""
        return self._keep(name, tf.fill(shape, value))

    def values(self) -> dict[str, np.ndarray]:
        """Every variable's present value."""
        return {name: variable.numpy() for name, variable in self.by_name.items()}

    def assign(self, values: Mapping[str, np.ndarray]) -> None:
        """Set every variable; raises BadDataError when names or shapes are not the network's own."""
        expected = {name: tuple(variable.shape) for name, variable in self.by_name.items()}
        found = {name: array.shape for name, array in values.items()}
        if expected != found:
            strange = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
            raise BadDataError(
                f"weights {', '.join(strange[:3])} do not fit the network that the model's configuration describes; "
                "it was trained by another version of this code: train again with `interest train`"
            )
        for name, variable in self.by_name.items():
            variable.assign(values[name])

    def _keep(self, name: str, value: tf.Tensor) -> tf.Variable:
        if name in self.by_name:
            raise ValueError(f"the network has two variables named {name}")
        self.by_name[name] = tf.Variable(value, name=name)
        return self.by_name[name]
