"""What is known of users beside the order of what they did: their attributes, and the content of what they have used.

B blocks of T tokens, c numbers of content, C codes of an attribute, d = dim.
"""

import tensorflow as tf

from interest_spark.config.training.network_section import NetworkSection
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.item_content import START, array_name
from interest_spark.models.networks.layers import Dropout
from interest_spark.models.networks.network import Network, Tokens
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.segment_sums import running_means
from interest_spark.schemas.behaviors import PADDING_INDEX


class UserSide:
    """A vector for each token of what is known of its user by then; without a bias, so that of a stranger it is zero.

    Where items have the factors of a matrix factorisation as content, the mean of a history's factors is what a user's
    own factors are made of: these are (Y'Y + Y'(C - I)Y + r)^-1 Y'C p (Hu, Koren and Volinsky 2008), Y the factors of
    all items and p, C what the user has used; the first sum, over all items, outweighs the second, over the user's,
    and so they are nearly a linear map of Y'p, the same for everybody. Whitened factors have it in them, so that the
    projection begins by passing means on, and is learnt from there. Taken up to each token, a mean tells a user as of
    then, where the factorisation's own factors of users would tell what comes next.
    """

    def __init__(self, config: NetworkSection, parameters: Parameters) -> None:
        self._columns = config.user_columns
        self._attributes = [
            parameters.normal(f"user/{name}/vectors", 1 + config.user_attribute_codes, config.dim, zero_rows=1)
            for name in config.user_attributes
        ]  # [1 + C, d] each
        sources = config.content if config.user_content else {}
        self._content = [
            (
                parameters.frozen[array_name(source)],
                parameters.passing(f"user/{source}/projection", width, config.dim, START),
            )
            for source, width in sources.items()
        ]  # [V, c], [c, d]
        self._rate = config.content_dropout

    def __call__(self, tokens: Tokens, dropout: Dropout = no_dropout) -> tf.Tensor:
        """float32[B, T, d]; `dropout` decides at which tokens nothing is known."""
        found = [self._of_attribute(*each, tokens) for each in zip(self._columns, self._attributes, strict=True)]
        if self._content:
            found.append(self._of_content(tokens))
        summed = tf.add_n(found)
        shown = dropout(tf.ones_like(summed[:, :, :1]), self._rate) > 0  # [B, T, 1]
        return tf.where(shown, summed, tf.zeros_like(summed))

    def _of_attribute(self, column: str, vectors: tf.Variable, tokens: Tokens) -> tf.Tensor:
        known = tf.cast(tokens[column] > 0, tf.float32)[:, :, None]
        return tf.gather(vectors, tokens[column]) * known

    def _of_content(self, tokens: Tokens) -> tf.Tensor:
        """Hidden and unknown items have rows of zeros, as items without content do."""
        rows = tf.maximum(tokens["item"], PADDING_INDEX)
        projected = [tf.tensordot(tf.gather(vectors, rows), by, axes=1) for vectors, by in self._content]
        return running_means(tf.add_n(projected), tokens["segment"])


class WithUserSide(Network):
    """A network whose vectors of tokens have those of a UserSide added."""

    def __init__(self, network: Network, config: NetworkSection) -> None:
        self._network = network
        self.parameters = network.parameters
        self._user = UserSide(config, network.parameters)

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        return self._network.encode(tokens, dropout, precision) + self._user(tokens, dropout)

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        return self._network.item_vectors(rows)
