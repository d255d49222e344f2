"""Two towers: users on one side, items on the other, and products between them.

Covington et al. 2016, "Deep neural networks for YouTube recommendations"; Yi et al. 2019, "Sampling-bias-corrected
neural modeling for large corpus item recommendations". B blocks of T tokens, d = dim, m = hidden.
"""

from collections.abc import Sequence

import tensorflow as tf

from interest_spark.config.training.networks import TwoTowersConfig
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.embedding_network import EmbeddingNetwork
from interest_spark.models.networks.layers import Dense, Dropout
from interest_spark.models.networks.network import Tokens
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.segment_sums import running_means
from interest_spark.models.networks.user_side import UserSide
from interest_spark.schemas.tokens import ColumnScheme


class TwoTowers(EmbeddingNetwork):
    """The user's tower sees the mean of the history's token embeddings up to the token, the newest of them, and what
    else is known of the user; the item's tower the item's own vector, its attributes and its content, summed.

    What the history was in which order is not seen. A tower's vector is its input plus what its dense layers make of
    it, so that training starts from products of means and items, as matrix factorisation does (SVD++, Koren 2008).
    """

    has_user_tower = True

    def __init__(
        self, config: TwoTowersConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(config, vocabulary_size, None, seed, columns)
        self._side = UserSide(config, self.parameters) if config.has_user_side else None
        inputs = 2 if self._side is None else 3
        self._user = _Tower(inputs * config.dim, config, self.parameters, "user_tower")
        # What is the same for all items moves all scores of a user alike: there is no bias to be learnt.
        self._item = _Tower(config.dim, config, self.parameters, "item_tower", bias=False)
        self._dropout = config.dropout

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        x = dropout(self._embedding(tokens, dropout), self._dropout.embedding)  # [B, T, d]
        mean = running_means(x, tokens["segment"])
        known = [] if self._side is None else [self._side(tokens, dropout)]
        inputs = tf.cast(tf.concat([mean, x, *known], axis=2), precision)  # [B, T, 2 d or 3 d]
        return tf.add_n([mean, *known, tf.cast(self._user(inputs, dropout, self._dropout.output), tf.float32)])

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        own = self._embedding.item_vectors(rows)  # [C, d]
        return own + self._item(own[None], no_dropout, 0.0)[0]


build = TwoTowers


class _Tower:
    """Dense layers with ReLUs from `inputs` to m numbers, and a last one to d, with or without a `bias`."""

    def __init__(
        self, inputs: int, config: TwoTowersConfig, parameters: Parameters, name: str, *, bias: bool = True
    ) -> None:
        sizes = [inputs, *[config.hidden] * config.layers]
        self._layers: Sequence[Dense] = [
            Dense(size, config.hidden, parameters, f"{name}/layer_{number}", glorot=True)
            for number, size in enumerate(sizes[:-1])
        ]
        self._output = Dense(config.hidden, config.dim, parameters, f"{name}/output", glorot=True, bias=bias)

    def __call__(self, x: tf.Tensor, dropout: Dropout, rate: float) -> tf.Tensor:
        """[n, m, inputs] -> [n, m, d]."""
        for layer in self._layers:
            x = dropout(tf.nn.relu(layer(x)), rate)
        return self._output(x)
