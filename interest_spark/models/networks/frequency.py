"""Attention mixed with a filter of frequencies: the idea of BSARec (Shin et al. 2024, arXiv:2312.10325), causal.

BSARec filters by a Fourier transform of the whole history, in which every position sees its future, so it can be
trained on one target a history only. Here slow and fast parts are told apart by an exponential average, which looks
back alone: every position of a packed block is trained. B blocks of T tokens, d = dim.
"""

import tensorflow as tf

from interest_spark.config.training.networks import FrequencyConfig
from interest_spark.models.networks.attention import Attention, Span, causal_spans
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.embedding_network import EmbeddingNetwork
from interest_spark.models.networks.layers import Dropout, FeedForward, LayerNorm
from interest_spark.models.networks.moving_average import MovingAverage
from interest_spark.models.networks.network import Tokens
from interest_spark.models.networks.parameters import Parameters
from interest_spark.schemas.tokens import ColumnScheme


class FrequencyNetwork(EmbeddingNetwork):
    """Token embeddings, then layers of filter, attention and feed-forward."""

    def __init__(
        self, config: FrequencyConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(config, vocabulary_size, max_positions, seed, columns)
        self._norm = LayerNorm(config.dim, self.parameters, "norm")
        self._layers = [_Layer(config, self.parameters, f"layer_{number}") for number in range(config.layers)]
        self._rate = config.dropout.embedding

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        x = tf.cast(dropout(self._norm(self._embedding(tokens)), self._rate), precision)  # [B, T, d]
        spans = causal_spans(tokens["segment"])
        for layer in self._layers:
            x = layer(x, tokens["segment"], spans, dropout)  # [B, T, d]
        return tf.cast(x, tf.float32)


build = FrequencyNetwork


class _Layer:
    """α · filter(x) + (1 - α) · attention(x), then feed-forward; each is added to its input and normalised."""

    def __init__(self, config: FrequencyConfig, parameters: Parameters, name: str) -> None:
        dim, dropout = config.dim, config.dropout
        self._filter = _Filter(dim, parameters, f"{name}/filter")
        self._filter_norm = LayerNorm(dim, parameters, f"{name}/filter_norm")
        self._attention = Attention(dim, config.heads, dropout.attention, parameters, name)
        self._attention_norm = LayerNorm(dim, parameters, f"{name}/attention_norm")
        self._feed_forward = FeedForward(
            dim, config.feed_forward, config.activation, dropout.activation, parameters, name
        )
        self._feed_forward_norm = LayerNorm(dim, parameters, f"{name}/feed_forward_norm")
        self._share, self._rate = config.filter_share, dropout.residual

    def __call__(self, x: tf.Tensor, segment: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        filtered = self._filter_norm(x + dropout(self._filter(x, segment), self._rate))  # [B, T, d]
        attended = self._attention_norm(x + dropout(self._attention(x, x, spans, dropout), self._rate))
        x = self._share * filtered + (1.0 - self._share) * attended
        return self._feed_forward_norm(x + dropout(self._feed_forward(x, dropout), self._rate))


class _Filter:
    """low + β² · (x - low): the slow part of each channel, and its fast part with a learnt weight."""

    def __init__(self, dim: int, parameters: Parameters, name: str) -> None:
        self._average = MovingAverage(dim, parameters, name)
        self._beta = parameters.normal(f"{name}/beta", dim, stddev=1.0)  # [d], as published

    def __call__(self, x: tf.Tensor, segment: tf.Tensor) -> tf.Tensor:
        low = self._average(x, segment)  # [B, T, d]
        return low + tf.cast(tf.square(self._beta), x.dtype) * (x - low)
