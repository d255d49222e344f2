"""What most networks share: a TokenEmbedding in front, whose item vectors the output is compared with."""

import tensorflow as tf

from interest_spark.config.training.network_section import NetworkSection
from interest_spark.models.networks.network import Network
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.token_embedding import TokenEmbedding
from interest_spark.schemas.tokens import ColumnScheme


class EmbeddingNetwork(Network):
    """A Network over `self._embedding`, from which float32[B, T, d] its layers start.

    `max_positions` is None for layers that tell the order of tokens themselves.
    """

    def __init__(
        self,
        config: NetworkSection,
        vocabulary_size: int,
        max_positions: int | None,
        seed: int,
        columns: ColumnScheme,
    ) -> None:
        self.parameters = Parameters(seed)
        self._embedding = TokenEmbedding(
            vocabulary_size,
            max_positions,
            config.dim,
            config.inputs,
            columns,
            self.parameters,
            tied_output=config.tied_output,
            masked=config.masked,
            content=config.content,
            content_dropout=config.content_dropout,
            attributes=config.attributes,
            attribute_codes=config.attribute_codes,
        )

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        return self._embedding.item_vectors(rows)
