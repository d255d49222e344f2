"""Transformers over packed blocks: token embeddings, then layers of attention and feed-forward.

B blocks of T tokens, d = dim, V rows of the item table.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, TypeAlias

import tensorflow as tf

from interest_spark.config.training.networks import TransformerSection
from interest_spark.models.networks.attention import Attention, Span
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.embedding_network import EmbeddingNetwork
from interest_spark.models.networks.layers import Dropout, FeedForward, LayerNorm
from interest_spark.models.networks.network import Tokens
from interest_spark.models.networks.parameters import Parameters
from interest_spark.schemas.tokens import ColumnScheme

Spans: TypeAlias = Callable[[tf.Tensor], list[Span]]
"""From `segment`, int32[B, T], to the places that attention may look at."""


class Transformer(EmbeddingNetwork):
    """A Transformer whose output is compared with the item table; a network adds its kind of layer and of spans."""

    def __init__(
        self,
        config: TransformerSection,
        layer: "type[Layer]",
        spans: Spans,
        vocabulary_size: int,
        max_positions: int,
        seed: int,
        columns: ColumnScheme,
    ) -> None:
        super().__init__(config, vocabulary_size, max_positions, seed, columns)
        self._layers = [layer(config, self.parameters, f"layer_{number}") for number in range(config.layers)]
        self._norm = LayerNorm(config.dim, self.parameters, "norm")
        self._spans, self._norm_first, self._rate = spans, layer.leaves_norm, config.dropout.embedding

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        x = self._embedding(tokens)  # [B, T, d]
        x = tf.cast(dropout(self._norm(x) if self._norm_first else x, self._rate), precision)
        spans = self._spans(tokens["segment"])
        for layer in self._layers:
            x = layer(x, spans, dropout)  # [B, T, d]
        x = tf.cast(x, tf.float32)
        return x if self._norm_first else self._norm(x)


class Layer(ABC):
    """Attention, then feed-forward, each added to its input. `leaves_norm`: what leaves it is normalised."""

    leaves_norm: ClassVar[bool] = False
    feed_forward_bias: ClassVar[bool] = True

    def __init__(self, config: TransformerSection, parameters: Parameters, name: str) -> None:
        dim, dropout = config.dim, config.dropout
        self._attention_norm = LayerNorm(dim, parameters, f"{name}/attention_norm")
        self._attention = Attention(dim, config.heads, dropout.attention, parameters, name)
        self._feed_forward_norm = LayerNorm(dim, parameters, f"{name}/feed_forward_norm")
        self._feed_forward = FeedForward(
            dim,
            config.feed_forward,
            config.activation,
            dropout.activation,
            parameters,
            name,
            bias=self.feed_forward_bias,
        )
        self._rate = dropout.residual

    @abstractmethod
    def __call__(self, x: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        """[B, T, d] -> [B, T, d]."""


class PreNormLayer(Layer):
    """x + attention(norm(x)), then x + feed_forward(norm(x)) (Xiong et al. 2020, arXiv:2002.04745)."""

    def __call__(self, x: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        normal = self._attention_norm(x)
        x = x + dropout(self._attention(normal, normal, spans, dropout), self._rate)  # [B, T, d]
        return x + dropout(self._feed_forward(self._feed_forward_norm(x), dropout), self._rate)


class PostNormLayer(Layer):
    """norm(x + attention(x)), then norm(x + feed_forward(x)) (Vaswani et al. 2017, arXiv:1706.03762)."""

    leaves_norm = True

    def __call__(self, x: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        x = self._attention_norm(x + dropout(self._attention(x, x, spans, dropout), self._rate))  # [B, T, d]
        return self._feed_forward_norm(x + dropout(self._feed_forward(x, dropout), self._rate))


class QueryNormLayer(Layer):
    """q = norm(x), h = norm(q + attention(q over x)), then h + feed_forward(h): the layer of published SASRec code.

    Keys and values see x as it is, and what goes on is the normalised queries rather than x.
    """

    def __call__(self, x: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        queries = self._attention_norm(x)  # [B, T, d]
        x = queries + dropout(self._attention(queries, x, spans, dropout), self._rate)
        x = self._feed_forward_norm(x)
        return x + dropout(self._feed_forward(x, dropout), self._rate)
