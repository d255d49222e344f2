"""BERT4Rec: a Transformer that looks both ways and tells hidden items (Sun et al. 2019, arXiv:1904.06690).

B blocks of T tokens, d = dim.
"""

import tensorflow as tf

from interest_spark.config.training.networks import Bert4RecConfig
from interest_spark.models.networks.attention import bidirectional_spans
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.layers import Dense, Dropout, LayerNorm
from interest_spark.models.networks.network import Tokens
from interest_spark.models.networks.transformer import PostNormLayer, Transformer
from interest_spark.schemas.tokens import ColumnScheme


class Bert4Rec(Transformer):
    """A token's vector is made of its whole segment, and at a MASK token it is compared with the item table.

    Before that it goes through one more dense layer, a GELU and a normalisation. The paper's bias of each item is left
    out: a logit is the product of two vectors, here as in all networks, so that serving needs nothing else.
    """

    def __init__(
        self, config: Bert4RecConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(config, PostNormLayer, bidirectional_spans, vocabulary_size, max_positions, seed, columns)
        self._projection = Dense(config.dim, config.dim, self.parameters, "projection")
        self._projection_norm = LayerNorm(config.dim, self.parameters, "projection_norm")

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        x = super().encode(tokens, dropout, precision)  # [B, T, d]
        return self._projection_norm(tf.nn.gelu(self._projection(x)))


build = Bert4Rec
