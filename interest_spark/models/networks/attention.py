"""Attention within the segments of packed blocks, causal or both ways.

B blocks of T tokens, d = dim, H heads, w = d / H.
"""

import math
from typing import NamedTuple

import tensorflow as tf

from interest_spark.models.networks.layers import Dense, Dropout
from interest_spark.models.networks.parameters import Parameters

_SPAN = 128  # smaller ones save more of the square that lies in the future, but their products are slower
_FORBIDDEN = -1e9


class Span(NamedTuple):
    """Rows `first` … `end - 1`, whose columns are the tokens up to `end`: what follows is their future.

    bias: float32[B, 1, end - first, end], 0 where a row may attend to a column, a large negative number elsewhere.
    """

    first: int
    end: int
    bias: tf.Tensor


def causal_spans(segment: tf.Tensor) -> list[Span]:
    """int32[B, T] -> spans that cover the T tokens, at most 128 in each.

    A token attends to itself and to the tokens before it in its own segment, never to its future and never to
    another history of the block. With T = 200 the spans leave out a quarter of the square of pairs.
    """
    bounds = causal_bounds(segment.shape[1])
    return [Span(first, end, _bias(may_attend(segment, first, end))) for first, end in bounds]


def bidirectional_spans(segment: tf.Tensor) -> list[Span]:
    """int32[B, T] -> one span of all tokens: a token attends to all of its own segment, before and after itself."""
    return [Span(0, segment.shape[1], _bias(_same_segment(segment, 0, segment.shape[1])))]


def causal_bounds(length: int) -> list[tuple[int, int]]:
    """The first token and the end of each span of `length` tokens, at most 128 in each, all but the last alike long."""
    size = math.ceil(length / math.ceil(length / _SPAN))
    return [(first, min(first + size, length)) for first in range(0, length, size)]


def may_attend(segment: tf.Tensor, first: int, end: int) -> tf.Tensor:
    """int32[B, T] -> bool[B, end - first, end]: whether a token of a causal span may attend to one up to its end."""
    place = tf.range(end)
    return _same_segment(segment, first, end) & (place[first:, None] >= place)  # padding sees padding: no row is empty


class Attention:
    """Softmax attention (Vaswani et al. 2017, arXiv:1706.03762) over the places that spans allow.

    rate: the share of attention weights that dropout sets to zero.
    """

    def __init__(self, dim: int, heads: int, rate: float, parameters: Parameters, name: str) -> None:
        self._heads, self._rate = heads, rate
        self._queries = Dense(dim, dim, parameters, f"{name}/queries")
        self._keys_values = Dense(dim, 2 * dim, parameters, f"{name}/keys_values")
        self._output = Dense(dim, dim, parameters, f"{name}/attention_output")

    def __call__(self, x: tf.Tensor, context: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        """What the tokens x: [B, T, d] take from context: [B, T, d], which keys and values are made of."""
        (queries,) = self._per_head(self._queries(x) * (x.shape[2] // self._heads) ** -0.5, 1)
        keys, values = self._per_head(self._keys_values(context), 2)  # each [B, H, T, w]
        mixed = []
        for first, end, bias in spans:
            logits = tf.matmul(_tokens(queries, first, end), _tokens(keys, 0, end), transpose_b=True)  # [B, H, t, end]
            shares = tf.cast(tf.nn.softmax(tf.cast(logits, tf.float32) + bias), x.dtype)
            mixed.append(tf.matmul(dropout(shares, self._rate), _tokens(values, 0, end)))  # [B, H, t, w]
        return self._output(tf.reshape(tf.transpose(tf.concat(mixed, axis=2), [0, 2, 1, 3]), tf.shape(x)))

    def _per_head(self, x: tf.Tensor, parts: int) -> list[tf.Tensor]:
        """[B, T, parts · d] -> `parts` of [B, H, T, w]."""
        width = x.shape[2] // parts // self._heads
        split = tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1], parts, self._heads, width])
        heads: list[tf.Tensor] = tf.unstack(tf.transpose(split, [2, 0, 3, 1, 4]))
        return heads


def _tokens(x: tf.Tensor, first: int, end: int) -> tf.Tensor:
    """[B, H, T, w] -> [B, H, end - first, w]; the gradient of x[:, :, first:end] takes six times as long."""
    return tf.slice(x, [0, 0, first, 0], [-1, -1, end - first, -1])


def _same_segment(segment: tf.Tensor, first: int, end: int) -> tf.Tensor:
    return segment[:, first:end, None] == segment[:, None, :end]  # [B, t, end]


def _bias(allowed: tf.Tensor) -> tf.Tensor:
    return (1.0 - tf.cast(allowed[:, None], tf.float32)) * _FORBIDDEN  # [B, 1, t, end]
