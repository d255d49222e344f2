"""A network of stacked recurrent layers, whatever their cell.

B blocks of T tokens, d = dim, H = hidden.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from interest_spark.config.training.networks import RecurrentSection
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.embedding_network import EmbeddingNetwork
from interest_spark.models.networks.layers import Dense, Dropout
from interest_spark.models.networks.network import Tokens
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.recurrence import Recurrence
from interest_spark.schemas.tokens import ColumnScheme

Layer = Callable[[int, int, Parameters, str], Recurrence]
"""Makes a layer from the numbers of its inputs and its outputs, the parameters and its name."""


class RecurrentNetwork(EmbeddingNetwork):
    """Token embeddings, recurrent layers, and a projection from their H numbers to the d of item vectors.

    There is no table of positions: the layers tell the order of tokens.
    """

    def __init__(
        self, layer: Layer, config: RecurrentSection, vocabulary_size: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(config, vocabulary_size, None, seed, columns)
        sizes = [config.dim, *[config.hidden] * config.layers]
        self._layers: Sequence[Recurrence] = [
            layer(sizes[number], config.hidden, self.parameters, f"layer_{number}") for number in range(config.layers)
        ]
        self._projection = Dense(config.hidden, config.dim, self.parameters, "projection", glorot=True)
        self._dropout = config.dropout

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        x = tf.cast(dropout(self._embedding(tokens), self._dropout.embedding), precision)  # [B, T, d]
        for layer in self._layers:
            x = dropout(layer(x, tokens["segment"]), self._dropout.output)  # [B, T, H]
        return tf.cast(self._projection(x), tf.float32)  # [B, T, d]
