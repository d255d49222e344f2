"""Vectors of unit length, so that scores are cosines: in training and, by the same code, in serving."""

import tensorflow as tf

from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.layers import Dropout
from interest_spark.models.networks.network import Network, Tokens


class UnitVectors(Network):
    """A network's vectors of tokens and items, each divided by its Euclidean length; zeros stay zeros.

    Validation, bundles and scoring see nothing but a network: the product of vectors remains the score, and items with
    long vectors, which are mostly the popular ones, are not preferred for their length.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self.parameters = network.parameters

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        return tf.math.l2_normalize(self._network.encode(tokens, dropout, precision), axis=2)

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        return tf.math.l2_normalize(self._network.item_vectors(rows), axis=1)
