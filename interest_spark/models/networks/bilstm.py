"""A bidirectional LSTM that tells hidden items (Graves and Schmidhuber 2005).

It looks both ways while it learns, and serves without a look ahead: a MASK token follows a history, and all that is
known lies before it. B blocks of T tokens, d = dim, H = hidden.
"""

import tensorflow as tf

from interest_spark.config.training.networks import BidirectionalLstmConfig
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.embedding_network import EmbeddingNetwork
from interest_spark.models.networks.layers import Dense, Dropout
from interest_spark.models.networks.network import Tokens
from interest_spark.models.networks.recurrence import Lstm
from interest_spark.schemas.tokens import ColumnScheme


class BidirectionalLstm(EmbeddingNetwork):
    """Layers of two LSTMs, one from the oldest token on, one from the newest back, each over both of the layer below.

    Their outputs lie side by side, 2 H numbers a token, and are projected to the d of item vectors. There is no table
    of positions: the layers tell the order of tokens.
    """

    def __init__(
        self,
        config: BidirectionalLstmConfig,
        vocabulary_size: int,
        max_positions: int,
        seed: int,
        columns: ColumnScheme,
    ) -> None:
        super().__init__(config, vocabulary_size, None, seed, columns)
        sizes = [config.dim, *[2 * config.hidden] * config.layers]
        self._layers = [
            [
                Lstm(size, config.hidden, self.parameters, f"layer_{number}/{way}", reverse=way == "backward")
                for way in ("forward", "backward")
            ]
            for number, size in enumerate(sizes[:-1])
        ]
        self._projection = Dense(sizes[-1], config.dim, self.parameters, "projection", glorot=True)
        self._dropout = config.dropout

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        x = tf.cast(dropout(self._embedding(tokens), self._dropout.embedding), precision)  # [B, T, d]
        for ways in self._layers:
            both = tf.concat([way(x, tokens["segment"]) for way in ways], axis=2)  # [B, T, 2 H]
            x = dropout(both, self._dropout.output)
        return tf.cast(self._projection(x), tf.float32)  # [B, T, d]


build = BidirectionalLstm
