"""SASRec: a causal Transformer over packed blocks (Kang and McAuley 2018, arXiv:1808.09781), pre-norm.

B blocks of T tokens, d = dim, H heads, V rows of the item table. A token attends to itself and to the
tokens before it in its own segment, never to its future and never to another history of the block.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

from interest_spark.config import NetworkConfig
from interest_spark.model.dropout import no_dropout
from interest_spark.model.parameters import Parameters
from interest_spark.model.token_embedding import TokenEmbedding
from interest_spark.token_columns import ColumnScheme

Tokens = Mapping[str, tf.Tensor]
Dropout = Callable[[tf.Tensor], tf.Tensor]

_FORBIDDEN = -1e9


class SasRec:
    """The network: `encode` turns tokens into vectors, `item_vectors` are their counterparts (tied embeddings)."""

    def __init__(
        self, config: NetworkConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        self.parameters = Parameters(seed)
        self._embedding = TokenEmbedding(config, vocabulary_size, max_positions, columns, self.parameters)
        self._layers = [_Layer(config, self.parameters, f"layer_{number}") for number in range(config.layers)]
        self._norm = _LayerNorm(config.dim, self.parameters, "norm")

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout) -> tf.Tensor:
        """Vectors, float32[B, T, d], of the tokens `item`, `position`, `segment` and the declared inputs, int32[B, T].

        Those of padding are void.
        """
        x = dropout(self._embedding(tokens))  # [B, T, d]
        bias = attention_bias(tokens["segment"])  # [B, 1, T, T]
        for layer in self._layers:
            x = layer(x, bias, dropout)  # [B, T, d]
        return self._norm(x)

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        """int32[C] -> float32[C, d]: a token's logit for an item is the product of their vectors."""
        return self._embedding.item_vectors(rows)


def attention_bias(segment: tf.Tensor) -> tf.Tensor:
    """int32[B, T] -> float32[B, 1, T, T]: 0 where row may attend to column, a large negative number elsewhere."""
    same = segment[:, None, :, None] == segment[:, None, None, :]  # [B, 1, T, T]
    place = tf.range(tf.shape(segment)[1])
    allowed = same & (place[:, None] >= place[None, :])  # padding attends to padding: no row is empty
    return tf.where(allowed, 0.0, _FORBIDDEN)


class _Layer:
    """One Transformer layer: x + attention(norm(x)), then x + feed_forward(norm(x))."""

    def __init__(self, config: NetworkConfig, parameters: Parameters, name: str) -> None:
        dim, hidden = config.dim, config.feed_forward
        self._heads = config.heads
        self._attention_norm = _LayerNorm(dim, parameters, f"{name}/attention_norm")
        self._queries_keys_values = _Dense(dim, 3 * dim, parameters, f"{name}/queries_keys_values")
        self._attention_output = _Dense(dim, dim, parameters, f"{name}/attention_output")
        self._feed_forward_norm = _LayerNorm(dim, parameters, f"{name}/feed_forward_norm")
        self._expand = _Dense(dim, hidden, parameters, f"{name}/expand")
        self._contract = _Dense(hidden, dim, parameters, f"{name}/contract")

    def __call__(self, x: tf.Tensor, bias: tf.Tensor, dropout: Dropout) -> tf.Tensor:
        x = x + dropout(self._attend(self._attention_norm(x), bias, dropout))  # [B, T, d]
        hidden = dropout(tf.nn.relu(self._expand(self._feed_forward_norm(x))))  # [B, T, h]
        return x + dropout(self._contract(hidden))  # [B, T, d]

    def _attend(self, x: tf.Tensor, bias: tf.Tensor, dropout: Dropout) -> tf.Tensor:
        blocks, length, dim = tf.shape(x)[0], tf.shape(x)[1], x.shape[2]
        width = dim // self._heads
        parts = tf.reshape(self._queries_keys_values(x), [blocks, length, 3, self._heads, width])
        queries, keys, values = tf.unstack(tf.transpose(parts, [2, 0, 3, 1, 4]))  # each [B, H, T, d/H]
        logits = tf.matmul(queries * width**-0.5, keys, transpose_b=True) + bias  # [B, H, T, T]
        mixed = tf.matmul(dropout(tf.nn.softmax(logits)), values)  # [B, H, T, d/H]
        return self._attention_output(tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [blocks, length, dim]))


class _Dense:
    """x W + b over the last axis."""

    def __init__(self, inputs: int, outputs: int, parameters: Parameters, name: str) -> None:
        self._weight = parameters.normal(f"{name}/weight", inputs, outputs)  # [in, out]
        self._bias = parameters.constant(f"{name}/bias", 0.0, outputs)  # [out]

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        flat = tf.reshape(x, [-1, x.shape[-1]])  # one large product is faster than a batch of small ones
        product = tf.nn.bias_add(tf.matmul(flat, self._weight), self._bias)
        return tf.reshape(product, [tf.shape(x)[0], tf.shape(x)[1], self._bias.shape[0]])


class _LayerNorm:
    """Layer normalisation over the last axis (Ba et al. 2016, arXiv:1607.06450)."""

    def __init__(self, dim: int, parameters: Parameters, name: str) -> None:
        self._gain = parameters.constant(f"{name}/gain", 1.0, dim)  # [d]
        self._shift = parameters.constant(f"{name}/shift", 0.0, dim)  # [d]

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        return (x - mean) * tf.math.rsqrt(variance + 1e-6) * self._gain + self._shift
