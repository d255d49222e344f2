"""Adam (Kingma and Ba 2015, arXiv:1412.6980) on plain variables, with a schedule and clipping."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from interest_spark.config.training.optimizers import AdamConfig
from interest_spark.models.optimizers.schedule import learning_rate
from interest_spark.models.parallel.exchange import Gradient

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Adam, an Optimizer. `state` by name: the number of steps and the moments. `total_steps`: where the schedule ends.

    A dense gradient goes through TensorFlow's fused kernel. A gradient of rows (IndexedSlices, each row once)
    moves those rows and their moments alone, so that a step costs what its batch holds and not what the
    catalogue holds; the moments of the other rows do not decay meanwhile.
    """

    def __init__(self, variables: Mapping[str, tf.Variable], config: AdamConfig, total_steps: int) -> None:
        self._variables, self._config, self._total_steps = dict(variables), config, total_steps
        self._steps = tf.Variable(0, name="adam/steps", dtype=tf.int64)
        self._first = {name: tf.Variable(tf.zeros_like(value)) for name, value in variables.items()}
        self._second = {name: tf.Variable(tf.zeros_like(value)) for name, value in variables.items()}

    @property
    def state(self) -> dict[str, tf.Variable]:
        first = {f"adam/first/{name}": variable for name, variable in self._first.items()}
        second = {f"adam/second/{name}": variable for name, variable in self._second.items()}
        return {"adam/steps": self._steps, **first, **second}

    def rate(self, step: int) -> float:
        return float(learning_rate(self._config, tf.constant(step, tf.float32), self._total_steps))

    def apply(self, gradients: Sequence[Gradient]) -> tf.Tensor:
        norm = tf.linalg.global_norm(gradients)
        if self._config.clip_norm is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, self._config.clip_norm, use_norm=norm)
        step = tf.cast(self._steps.assign_add(1), tf.float32)
        rate = learning_rate(self._config, step, self._total_steps)
        for name, gradient in zip(self._variables, gradients, strict=True):
            move = self._move_rows if isinstance(gradient, tf.IndexedSlices) else self._move
            move(name, gradient, step, rate)
        return norm

    def _move(self, name: str, gradient: tf.Tensor, step: tf.Tensor, rate: tf.Tensor) -> None:
        tf.raw_ops.ResourceApplyAdam(
            var=self._variables[name].handle,
            m=self._first[name].handle,
            v=self._second[name].handle,
            beta1_power=_BETA_1**step,
            beta2_power=_BETA_2**step,
            lr=rate,
            beta1=_BETA_1,
            beta2=_BETA_2,
            epsilon=_EPSILON,
            grad=gradient,
        )

    def _move_rows(self, name: str, gradient: tf.IndexedSlices, step: tf.Tensor, rate: tf.Tensor) -> None:
        rows, values = gradient.indices, gradient.values
        first = _BETA_1 * tf.gather(self._first[name], rows) + (1 - _BETA_1) * values
        second = _BETA_2 * tf.gather(self._second[name], rows) + (1 - _BETA_2) * tf.square(values)
        rate = rate * tf.sqrt(1 - _BETA_2**step) / (1 - _BETA_1**step)
        self._first[name].scatter_update(tf.IndexedSlices(first, rows))
        self._second[name].scatter_update(tf.IndexedSlices(second, rows))
        self._variables[name].scatter_sub(tf.IndexedSlices(rate * first / (tf.sqrt(second) + _EPSILON), rows))


build = Adam
