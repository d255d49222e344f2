"""The arrays of a network, each under a permanent name, with what it declares of them."""

import zlib
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import tensorflow as tf

from interest_spark.foundation.errors import BadDataError

_STDDEV = 0.02


class Parameters:
    """Makes a network's variables and keeps them by name; a draw depends on the seed and the name alone.

    trainable: what training moves. frozen: what it leaves as it is, such as content vectors; saved in the bundle all
    the same. item_tables: names of the trainable variables whose row i belongs to the item with index i.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.trainable: dict[str, tf.Variable] = {}
        self.frozen: dict[str, tf.Variable] = {}
        self.item_tables: list[str] = []

    def normal(self, name: str, *shape: int, zero_rows: int = 0, stddev: float = _STDDEV) -> tf.Variable:
        """A variable drawn from N(0, stddev²) whose first `zero_rows` rows are zero."""
        drawn = tf.random.stateless_normal(shape, self._key(name), stddev=stddev)
        value = tf.concat([tf.zeros([zero_rows, *shape[1:]]), drawn[zero_rows:]], axis=0)
        return self._keep(self.trainable, name, tf.Variable(value, name=name))

    def glorot(self, name: str, inputs: int, outputs: int) -> tf.Variable:
        """float32[inputs, outputs], uniform within ±sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010)."""
        limit = (6.0 / (inputs + outputs)) ** 0.5
        drawn = tf.random.stateless_uniform([inputs, outputs], self._key(name), -limit, limit)
        return self._keep(self.trainable, name, tf.Variable(drawn, name=name))

    def passing(self, name: str, inputs: int, outputs: int, scale: float) -> tf.Variable:
        """float32[inputs, outputs]: number i of the inputs becomes `scale` times itself in number i of the outputs, and
        a little of all others, N(0, stddev²), as in a `normal` variable.
        """
        drawn = tf.random.stateless_normal([inputs, outputs], self._key(name), stddev=_STDDEV)
        value = drawn + scale * tf.eye(inputs, outputs)
        return self._keep(self.trainable, name, tf.Variable(value, name=name))

    def orthogonal(self, name: str, size: int, count: int) -> tf.Variable:
        """float32[size, count · size]: `count` random orthogonal matrices side by side (Saxe et al. 2014,
        arXiv:1312.6120), which keep the length of what they are applied to step after step.
        """
        drawn = tf.random.stateless_normal([count, size, size], self._key(name))
        matrices, triangles = tf.linalg.qr(drawn)
        matrices *= tf.sign(tf.linalg.diag_part(triangles))[:, None]  # without it they would not be uniform
        value = tf.reshape(tf.transpose(matrices, [1, 0, 2]), [size, count * size])
        return self._keep(self.trainable, name, tf.Variable(value, name=name))

    def item_table(self, name: str, vocabulary_size: int, dim: int, zero_rows: int = 0) -> tf.Variable:
        """A `normal` variable, float32[vocabulary_size, dim], with a row for each item.

        A warm start keeps the parent model's rows, and training may update it row by row.
        """
        self.item_tables.append(name)
        return self.normal(name, vocabulary_size, dim, zero_rows=zero_rows)

    def constant(self, name: str, value: float | np.ndarray, *shape: int) -> tf.Variable:
        """A variable filled with `value`, or with the numbers of an array along its last axes."""
        filled = tf.broadcast_to(tf.constant(value, tf.float32), shape)
        return self._keep(self.trainable, name, tf.Variable(filled, name=name))

    def frozen_array(self, name: str, value: np.ndarray | tf.Tensor) -> tf.Variable:
        """A variable that holds `value` and gets neither gradients nor moments of an optimiser."""
        return self._keep(self.frozen, name, tf.Variable(value, trainable=False, name=name))

    @property
    def all(self) -> dict[str, tf.Variable]:
        """The trainable variables, then the frozen ones: what a bundle holds."""
        return {**self.trainable, **self.frozen}

    def values(self) -> dict[str, np.ndarray]:
        """Every variable's present value."""
        return {name: variable.numpy() for name, variable in self.all.items()}

    def check(self, values: Mapping[str, np.ndarray], rows: Mapping[str, int] = MappingProxyType({})) -> None:
        """Raise BadDataError unless names, shapes and types are the network's own and all numbers are finite.

        `rows` of tables that have grown since: no more than they have now.
        """
        shapes = {name: tuple(variable.shape) for name, variable in self.all.items()}
        shapes |= {name: (count, *shapes[name][1:]) for name, count in rows.items() if count <= shapes[name][0]}
        expected = {name: (shapes[name], variable.dtype.name) for name, variable in self.all.items()}
        found = {name: (array.shape, array.dtype.name) for name, array in values.items()}
        if expected != found:
            wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
            raise BadDataError(
                f"weights {', '.join(wrong[:3])} do not fit the network that the model's configuration describes; "
                "it was trained by another version of this code: train again with `interest train`"
            )
        broken = [name for name, array in values.items() if array.dtype.kind == "f" and not np.isfinite(array).all()]
        if broken:
            raise BadDataError(
                f"weights {', '.join(broken[:3])} hold what is no number; restore the bundle, or train again with "
                "`interest train`"
            )

    def assign(self, values: Mapping[str, np.ndarray]) -> None:
        """Set every variable; raises BadDataError as `check` does."""
        self.check(values)
        for name, variable in self.all.items():
            variable.assign(values[name])

    def _key(self, name: str) -> list[int]:
        return [self._seed, zlib.crc32(name.encode()) & 0x7FFFFFFF]

    def _keep(self, group: dict[str, tf.Variable], name: str, variable: tf.Variable) -> tf.Variable:
        if name in self.all:
            raise ValueError(f"the network has two variables named {name}")
        group[name] = variable
        return variable
