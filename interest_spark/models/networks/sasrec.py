"""SASRec: a causal Transformer over packed blocks (Kang and McAuley 2018, arXiv:1808.09781).

B blocks of T tokens, d = dim, V rows of the item table.
"""

from abc import ABC, abstractmethod

import tensorflow as tf

from interest_spark.config.training.networks import SasRecConfig
from interest_spark.models.networks.attention import Attention, Span, causal_spans
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.embedding_network import EmbeddingNetwork
from interest_spark.models.networks.layers import Dropout, FeedForward, LayerNorm
from interest_spark.models.networks.network import Tokens
from interest_spark.models.networks.parameters import Parameters
from interest_spark.schemas.tokens import ColumnScheme


class SasRec(EmbeddingNetwork):
    """Token embeddings, then layers of attention and feed-forward; the output is compared with the item table."""

    def __init__(
        self, config: SasRecConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(config, vocabulary_size, max_positions, seed, columns)
        kinds: dict[str, type[_Layer]] = {"pre": _PreNormLayer, "post": _PostNormLayer, "query": _QueryNormLayer}
        layer = kinds[config.norm]
        self._layers = [layer(config, self.parameters, f"layer_{number}") for number in range(config.layers)]
        self._norm = LayerNorm(config.dim, self.parameters, "norm")
        self._norm_first, self._rate = config.norm == "post", config.dropout.embedding

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        x = self._embedding(tokens)  # [B, T, d]
        x = tf.cast(dropout(self._norm(x) if self._norm_first else x, self._rate), precision)
        spans = causal_spans(tokens["segment"])
        for layer in self._layers:
            x = layer(x, spans, dropout)  # [B, T, d]
        x = tf.cast(x, tf.float32)
        return x if self._norm_first else self._norm(x)


build = SasRec


class _Layer(ABC):
    """Attention, then feed-forward, each added to its input."""

    def __init__(self, config: SasRecConfig, parameters: Parameters, name: str) -> None:
        dim, dropout = config.dim, config.dropout
        self._attention_norm = LayerNorm(dim, parameters, f"{name}/attention_norm")
        self._attention = Attention(dim, config.heads, dropout.attention, parameters, name)
        self._feed_forward_norm = LayerNorm(dim, parameters, f"{name}/feed_forward_norm")
        self._feed_forward = FeedForward(
            dim, config.feed_forward, config.activation, dropout.activation, parameters, name
        )
        self._rate = dropout.residual

    @abstractmethod
    def __call__(self, x: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        """[B, T, d] -> [B, T, d]."""


class _PreNormLayer(_Layer):
    """x + attention(norm(x)), then x + feed_forward(norm(x)) (Xiong et al. 2020, arXiv:2002.04745)."""

    def __call__(self, x: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        normal = self._attention_norm(x)
        x = x + dropout(self._attention(normal, normal, spans, dropout), self._rate)  # [B, T, d]
        return x + dropout(self._feed_forward(self._feed_forward_norm(x), dropout), self._rate)


class _PostNormLayer(_Layer):
    """norm(x + attention(x)), then norm(x + feed_forward(x)) (Vaswani et al. 2017, arXiv:1706.03762)."""

    def __call__(self, x: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        x = self._attention_norm(x + dropout(self._attention(x, x, spans, dropout), self._rate))  # [B, T, d]
        return self._feed_forward_norm(x + dropout(self._feed_forward(x, dropout), self._rate))


class _QueryNormLayer(_Layer):
    """q = norm(x), h = norm(q + attention(q over x)), then h + feed_forward(h): the layer of published SASRec code.

    Keys and values see x as it is, and what goes on is the normalised queries rather than x.
    """

    def __call__(self, x: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        queries = self._attention_norm(x)  # [B, T, d]
        x = queries + dropout(self._attention(queries, x, spans, dropout), self._rate)
        x = self._feed_forward_norm(x)
        return x + dropout(self._feed_forward(x, dropout), self._rate)
