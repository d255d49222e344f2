"""LiGR: a causal Transformer whose sublayers are gated (Borisyuk et al. 2025, arXiv:2502.03417).

With a sampled softmax it is eSASRec (Tikhonovich et al. 2025, arXiv:2508.06450), whose published code this follows:
gates see what enters the sublayer before it is normalised, and the feed-forward layers have no bias.
B blocks of T tokens, d = dim.
"""

import tensorflow as tf

from interest_spark.config.training.networks import LigrConfig, TransformerSection
from interest_spark.models.networks.attention import Span, causal_spans
from interest_spark.models.networks.layers import Dense, Dropout
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.transformer import Layer, Transformer
from interest_spark.schemas.tokens import ColumnScheme


class Ligr(Transformer):
    """Every token tells the next one from itself and those before it."""

    def __init__(
        self, config: LigrConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(config, _GatedLayer, causal_spans, vocabulary_size, max_positions, seed, columns)


build = Ligr


class _GatedLayer(Layer):
    """x + gate(x) · attention(norm(x)), then x + gate(x) · feed_forward(norm(x)); gate(x) = sigmoid(x W + b)."""

    feed_forward_bias = False

    def __init__(self, config: TransformerSection, parameters: Parameters, name: str) -> None:
        super().__init__(config, parameters, name)
        self._attention_gate = Dense(config.dim, config.dim, parameters, f"{name}/attention_gate")
        self._feed_forward_gate = Dense(config.dim, config.dim, parameters, f"{name}/feed_forward_gate")

    def __call__(self, x: tf.Tensor, spans: list[Span], dropout: Dropout) -> tf.Tensor:
        normal = self._attention_norm(x)
        attended = dropout(self._attention(normal, normal, spans, dropout), self._rate)  # [B, T, d]
        x = x + tf.sigmoid(self._attention_gate(x)) * attended
        passed = dropout(self._feed_forward(self._feed_forward_norm(x), dropout), self._rate)
        return x + tf.sigmoid(self._feed_forward_gate(x)) * passed
