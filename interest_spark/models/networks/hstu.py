"""HSTU: pointwise attention with relative places and times (Zhai et al. 2024, arXiv:2402.17152).

A query knows the times of its own event and of those before it, and never when the event that it is to tell will
happen: the published code does, which makes its figures incomparable. Where nobody knows times, all minutes are
equal and the bias of time is one number.

B blocks of T tokens, d = dim, H heads, w = head_dim, v = value_dim, n tokens of a span with its `end` columns.
"""

from typing import NamedTuple

import tensorflow as tf

from interest_spark.config.training.networks import HstuConfig
from interest_spark.models.networks.attention import causal_bounds, may_attend
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.embedding_network import EmbeddingNetwork
from interest_spark.models.networks.layers import Dense, Dropout, LayerNorm
from interest_spark.models.networks.network import Tokens
from interest_spark.models.networks.parameters import Parameters
from interest_spark.schemas.tokens import ColumnScheme

TIME_BUCKETS = 64
_FORBIDDEN_BUCKET, _FORBIDDEN_BIAS = TIME_BUCKETS, -1e9  # silu(-1e9) is 0, and so is its gradient
_HALF_OCTAVE_BITS = 22  # of the 23 bits of a float32's fraction: what is left is its exponent and the fraction's first
_BUCKET_OF_ONE = 127 << 1  # 1.0 in these bits


class Hstu(EmbeddingNetwork):
    """Token embeddings, then layers that gate what attention aggregates; the output is compared with the item table."""

    def __init__(
        self, config: HstuConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(config, vocabulary_size, max_positions, seed, columns)
        names = [f"layer_{number}" for number in range(config.layers)]
        self._layers = [_Layer(config, max_positions, self.parameters, name) for name in names]
        self._norm = LayerNorm(config.dim, self.parameters, "norm")
        self._rate = config.dropout.embedding

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        x = tf.cast(dropout(self._embedding(tokens), self._rate), precision)  # [B, T, d]
        spans = _timed_spans(tokens["segment"], tokens["minute"])
        for layer in self._layers:
            x = layer(x, spans, dropout)  # [B, T, d]
        return self._norm(tf.cast(x, tf.float32))


build = Hstu


class _TimedSpan(NamedTuple):
    """Tokens `first` … `end - 1`, whose columns end where they do.

    bucket: int32[B, n, end], how long before a row's event a column's happened, _FORBIDDEN_BUCKET where a row may not
    attend to a column. share: float32[B, n, 1], one divided by the number of columns that a row may attend to.
    """

    first: int
    end: int
    bucket: tf.Tensor
    share: tf.Tensor


def _timed_spans(segment: tf.Tensor, minute: tf.Tensor) -> list[_TimedSpan]:
    spans = []
    for first, end in causal_bounds(segment.shape[1]):
        allowed = may_attend(segment, first, end)  # [B, n, end]
        gaps = minute[:, first:end, None] - minute[:, None, :end]
        bucket = tf.where(allowed, time_buckets(gaps), _FORBIDDEN_BUCKET)
        share = 1.0 / tf.reduce_sum(tf.cast(allowed, tf.float32), axis=2, keepdims=True)
        spans.append(_TimedSpan(first, end, bucket, share))
    return spans


def time_buckets(minutes: tf.Tensor) -> tf.Tensor:
    """int32[…] -> int32[…], half octaves: 0 below 1 minute, 2 from 1, 3 from 2, 4 from 3, 5 from 5, 6 from 7 minutes …

    They are read off the bits of a float32, which is exact and as fast as a sum. There are TIME_BUCKETS.

    >>> time_buckets(tf.constant([-5, 0, 1, 2, 3, 4, 5, 6, 7, 60, 2**31 - 1])).numpy().tolist()
    [0, 0, 2, 3, 4, 4, 5, 5, 6, 11, 62]
    """
    shifted = tf.cast(tf.maximum(minutes, 0), tf.float32) + 1.0
    return tf.bitwise.right_shift(tf.bitcast(shifted, tf.int32), _HALF_OCTAVE_BITS) - _BUCKET_OF_ONE


class _Layer:
    """U, V, Q, K = silu(norm(x) W); x + (norm(silu(Q Kᵀ + bias) V / count) · U) W'.

    Heads share neither their biases of places nor those of times. The output is divided by the number of tokens that
    a query looks at, not by the longest history's: a vector does not depend on how long a block is.
    """

    def __init__(self, config: HstuConfig, max_positions: int, parameters: Parameters, name: str) -> None:
        heads, dropout = config.heads, config.dropout
        self._heads = heads
        self._widths = [heads * width for width in (config.value_dim, config.value_dim, *[config.head_dim] * 2)]
        self._input_norm = LayerNorm(config.dim, parameters, f"{name}/input_norm")
        self._expand = Dense(config.dim, sum(self._widths), parameters, f"{name}/expand")
        self._places = parameters.normal(f"{name}/places", heads, max_positions)  # [H, T]: tokens before the query
        self._times = parameters.normal(f"{name}/times", heads, TIME_BUCKETS)  # [H, buckets]
        self._attended_norm = LayerNorm(heads * config.value_dim, parameters, f"{name}/attended_norm")
        self._contract = Dense(heads * config.value_dim, config.dim, parameters, f"{name}/contract")
        self._attention_rate, self._output_rate = dropout.attention, dropout.output

    def __call__(self, x: tf.Tensor, spans: list[_TimedSpan], dropout: Dropout) -> tf.Tensor:
        """[B, T, d] -> [B, T, d]."""
        expanded = tf.nn.silu(self._expand(self._input_norm(x)))
        gate, values, queries, keys = tf.split(expanded, self._widths, axis=2)
        q, k, v = (tf.split(each, self._heads, axis=2) for each in (queries, keys, values))  # [B, T, w or v] a head
        heads = [self._attend(head, q[head], k[head], v[head], spans, dropout) for head in range(self._heads)]
        attended = self._attended_norm(tf.concat(heads, axis=2))  # [B, T, H · v]
        return x + self._contract(dropout(attended * gate, self._output_rate))

    def _attend(
        self,
        head: int,
        queries: tf.Tensor,
        keys: tf.Tensor,
        values: tf.Tensor,
        spans: list[_TimedSpan],
        dropout: Dropout,
    ) -> tf.Tensor:
        """[B, T, w], [B, T, w], [B, T, v] -> [B, T, v]."""
        times = tf.cast(tf.concat([self._times[head], [_FORBIDDEN_BIAS]], axis=0), queries.dtype)  # [buckets + 1]
        places = tf.cast(self._places[head], queries.dtype)
        mixed = []
        for first, end, bucket, share in spans:
            logits = tf.matmul(queries[:, first:end], keys[:, :end], transpose_b=True)  # [B, n, end]
            logits += tf.gather(times, bucket) + tf.gather(places, _tokens_between(first, end))
            weights = dropout(tf.nn.silu(logits), self._attention_rate)
            mixed.append(tf.matmul(weights, values[:, :end]) * tf.cast(share, queries.dtype))  # [B, n, v]
        return tf.concat(mixed, axis=1)


def _tokens_between(first: int, end: int) -> tf.Tensor:
    """int32[n, end]: how many tokens a column lies before a row, 0 where it lies after it."""
    place = tf.range(end)
    return tf.maximum(place[first:, None] - place, 0)
