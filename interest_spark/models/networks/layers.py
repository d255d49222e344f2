"""What networks are made of beside attention: dense layers, layer normalisation and feed-forward layers.

B blocks of T tokens, d = dim. Weights are kept in float32 and computed with in the type of the input.
"""

from collections.abc import Callable
from typing import Literal

import tensorflow as tf

from interest_spark.models.networks.parameters import Parameters

Dropout = Callable[[tf.Tensor, float], tf.Tensor]
"""Sets a share of the values to zero and scales the others up; see StreamDropout."""


class Dense:
    """x W + b over the last axis; without `bias` x W alone.

    Weights start from N(0, 0.02²), or with `glorot` within Glorot's bounds, which keep the variance of what passes:
    for layers that no normalisation follows.
    """

    def __init__(
        self, inputs: int, outputs: int, parameters: Parameters, name: str, *, glorot: bool = False, bias: bool = True
    ) -> None:
        draw = parameters.glorot if glorot else parameters.normal
        self._weight = draw(f"{name}/weight", inputs, outputs)  # [in, out]
        self._bias = parameters.constant(f"{name}/bias", 0.0, outputs) if bias else None  # [out]

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return affine(x, self._weight, self._bias)


def affine(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | None) -> tf.Tensor:
    """[n, m, in] times [in, out], plus [out] if given -> [n, m, out], computed in the type of x."""
    flat = tf.reshape(x, [-1, x.shape[-1]])  # one large product is faster than a batch of small ones
    product = tf.matmul(flat, tf.cast(weight, x.dtype))
    if bias is not None:
        product = tf.nn.bias_add(product, tf.cast(bias, x.dtype))
    return tf.reshape(product, [tf.shape(x)[0], tf.shape(x)[1], weight.shape[1]])


class LayerNorm:
    """Layer normalisation over the last axis (Ba et al. 2016, arXiv:1607.06450), in float32 whatever the input."""

    def __init__(self, dim: int, parameters: Parameters, name: str) -> None:
        self._gain = parameters.constant(f"{name}/gain", 1.0, dim)  # [d]
        self._shift = parameters.constant(f"{name}/shift", 0.0, dim)  # [d]

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        wide = tf.cast(x, tf.float32)
        return tf.cast(_normalised(wide) * self._gain + self._shift, x.dtype)


class FeedForward:
    """Two dense layers around a ReLU, a GELU, or the gate of SwiGLU (Shazeer 2020, arXiv:2002.05202).

    width: numbers between the layers. rate: the share of them that dropout sets to zero.
    """

    def __init__(
        self,
        dim: int,
        width: int,
        activation: Literal["relu", "gelu", "swiglu"],
        rate: float,
        parameters: Parameters,
        name: str,
        *,
        bias: bool = True,
    ) -> None:
        self._activation, self._rate = activation, rate
        expanded = width * (2 if activation == "swiglu" else 1)
        self._expand = Dense(dim, expanded, parameters, f"{name}/expand", bias=bias)
        self._contract = Dense(width, dim, parameters, f"{name}/contract", bias=bias)

    def __call__(self, x: tf.Tensor, dropout: Dropout) -> tf.Tensor:
        return self._contract(dropout(self._activate(self._expand(x)), self._rate))  # [B, T, d]

    def _activate(self, x: tf.Tensor) -> tf.Tensor:
        if self._activation == "swiglu":
            gate, value = tf.split(x, 2, axis=-1)
            return tf.nn.silu(gate) * value
        return tf.nn.relu(x) if self._activation == "relu" else tf.nn.gelu(x)


@tf.custom_gradient
def _normalised(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """(x - mean) / deviation over the last axis; its gradient written out takes a third of the passes."""
    centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
    scale = tf.math.rsqrt(tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True) + 1e-6)
    normal = centred * scale

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        along = tf.reduce_mean(upstream * normal, axis=-1, keepdims=True)
        return (upstream - tf.reduce_mean(upstream, axis=-1, keepdims=True) - normal * along) * scale

    return normal, gradient
