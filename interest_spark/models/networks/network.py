"""What training, validation and scoring need of a network of any kind.

B blocks of T tokens, d numbers a vector. The network of kind K is `build` of the module `networks/K.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.layers import Dropout
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.second_stage.second_stage import SecondStage

Tokens = Mapping[str, tf.Tensor]
"""`item`, `position`, `segment` and the section's `token_columns` and `user_columns` by name, int32[B, T] each."""


class Network(ABC):
    """A sequence encoder and the vectors of the items that its output is compared with.

    `second_stage` ranks its best candidates anew, where there is one; its weights are among the `parameters`.
    `has_user_tower`: whether it takes in itself what is known of users, which is added to the vectors of others.
    """

    has_user_tower: ClassVar[bool] = False

    parameters: Parameters
    second_stage: SecondStage | None = None

    @abstractmethod
    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        """float32[B, T, d]: a vector for each token, made of the tokens of its segment up to itself, or of all of them
        where the section says that the network trains `masked`.

        Those of padding are void. `precision` is what the layers compute with.
        """

    @abstractmethod
    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        """int32[C] item indexes -> float32[C, d]: a token's logit for an item is the product of their vectors."""
