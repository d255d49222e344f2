"""Caser: the last L items as a picture under convolutions (Tang and Wang 2018, arXiv:1809.07426).

B blocks of T tokens, d = dim, L = window, n horizontal filters of each height, m vertical filters.
"""

import tensorflow as tf

from interest_spark.config.training.networks import CaserConfig
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.earlier_tokens import earlier, last_tokens
from interest_spark.models.networks.embedding_network import EmbeddingNetwork
from interest_spark.models.networks.layers import Dense, Dropout, affine
from interest_spark.models.networks.network import Tokens
from interest_spark.models.networks.parameters import Parameters
from interest_spark.schemas.tokens import ColumnScheme


class Caser(EmbeddingNetwork):
    """Token embeddings, the two kinds of filters over each token's last L tokens, and a dense layer with a ReLU.

    The paper joins a vector of the user to the result. There is none here: users must be served who came after
    training, and a vector for each would grow the model with the shop. The paper trains on one window at a time;
    here every position of a block is the end of a window, and what windows share is computed once.
    """

    def __init__(
        self, config: CaserConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(config, vocabulary_size, None, seed, columns)
        self._window = config.window
        self._horizontal = _HorizontalFilters(config, self.parameters)
        self._vertical = _VerticalFilters(config, self.parameters)
        features = config.window * config.horizontal + config.vertical * config.dim
        self._dense = Dense(features, config.dim, self.parameters, "dense", glorot=True)
        self._dropout = config.dropout

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        segment = tokens["segment"]
        x = tf.cast(dropout(self._embedding(tokens), self._dropout.embedding), precision)  # [B, T, d]
        pictures = last_tokens(x, segment, self._window)  # L of [B, T, d]
        features = tf.concat([self._horizontal(pictures, segment), self._vertical(pictures)], axis=2)
        x = tf.nn.relu(self._dense(dropout(features, self._dropout.output)))  # [B, T, d]
        return tf.cast(x, tf.float32)


build = Caser


class _HorizontalFilters:
    """n filters of every height h = 1 … L, which see h successive tokens; of a filter's values that lie within the
    window, L - h + 1, the largest counts.

    A value belongs to the token that it ends with, whatever the window, so it is computed once.
    """

    def __init__(self, config: CaserConfig, parameters: Parameters) -> None:
        window, filters = config.window, config.horizontal
        self._filters = filters
        self._weights = [
            parameters.glorot(f"horizontal_{height}/weight", height * config.dim, filters)
            for height in range(1, window + 1)
        ]  # [h · d, n] each
        self._bias = parameters.constant("horizontal/bias", 0.0, window * filters)  # [L · n]

    def __call__(self, pictures: list[tf.Tensor], segment: tf.Tensor) -> tf.Tensor:
        """L of [B, T, d] -> [B, T, L · n]."""
        values = tf.nn.relu(affine(tf.concat(pictures, axis=2), self._side_by_side(), self._bias))  # [B, T, L · n]
        largest = values
        for distance in range(1, len(pictures)):
            wide = (len(pictures) - distance) * self._filters  # of filters low enough to fit in so far from the end
            before = earlier(values[..., :wide], segment, distance)  # zero, the least of a ReLU, before the segment
            largest = tf.maximum(largest, tf.pad(before, [[0, 0], [0, 0], [0, values.shape[2] - wide]]))
        return largest

    def _side_by_side(self) -> tf.Tensor:
        """[L · d, L · n]: one product for all heights, with zeros where the lower filters do not see."""
        tallest = self._weights[-1].shape[0]
        return tf.concat([tf.pad(each, [[0, tallest - each.shape[0]], [0, 0]]) for each in self._weights], axis=1)


class _VerticalFilters:
    """m weighted sums of the window's L vectors."""

    def __init__(self, config: CaserConfig, parameters: Parameters) -> None:
        self._weights = parameters.glorot("vertical/weight", config.vertical, config.window)  # [m, L]

    def __call__(self, pictures: list[tf.Tensor]) -> tf.Tensor:
        """L of [B, T, d] -> [B, T, m · d]."""
        weights = tf.cast(self._weights, pictures[0].dtype)
        sums = tf.tensordot(weights, tf.stack(pictures), 1)  # [m, B, T, d]
        return tf.concat(tf.unstack(sums), axis=2)
