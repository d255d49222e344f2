"""Adam (Kingma and Ba 2015, arXiv:1412.6980) on plain variables, through TensorFlow's fused kernel."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Dense Adam; its state is `steps` and the moments, named after the variables."""

    def __init__(self, variables: Mapping[str, tf.Variable], learning_rate: float) -> None:
        self._variables = list(variables.values())
        self._learning_rate = learning_rate
        self.steps = tf.Variable(0.0, name="adam/steps")
        self.first = [tf.Variable(tf.zeros_like(value), name=f"adam/first/{name}") for name, value in variables.items()]
        self.second = [
            tf.Variable(tf.zeros_like(value), name=f"adam/second/{name}") for name, value in variables.items()
        ]

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take one step along dense gradients, in the order of the variables."""
        step = self.steps.assign_add(1.0)
        for variable, first, second, gradient in zip(self._variables, self.first, self.second, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=_BETA_1**step,
                beta2_power=_BETA_2**step,
                lr=self._learning_rate,
                beta1=_BETA_1,
                beta2=_BETA_2,
                epsilon=_EPSILON,
                grad=gradient,
            )
