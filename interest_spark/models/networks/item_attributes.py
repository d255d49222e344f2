"""What the shop says of items, as learnt vectors of the values that their attributes have.

V items, C codes of an attribute, d = dim.
"""

import tensorflow as tf

from interest_spark.features.value_codes import NO_VALUE
from interest_spark.models.networks.parameters import Parameters


class ItemAttribute:
    """One attribute. Items without it have the code NO_VALUE, whose vector is zero.

    A network is built without any codes; training sets them (`models.training.item_attributes`), and a bundle keeps
    them. An item that nobody has used yet is told by its attributes alone.
    """

    def __init__(self, name: str, vocabulary_size: int, dim: int, codes: int, parameters: Parameters) -> None:
        self._codes = parameters.frozen_array(codes_name(name), tf.zeros([vocabulary_size], tf.int32))  # [V]
        self._vectors = parameters.normal(f"attribute/{name}/vectors", 1 + codes, dim, zero_rows=1)  # [1 + C, d]

    def __call__(self, rows: tf.Tensor) -> tf.Tensor:
        """int32[…] item indexes -> float32[…, d]."""
        codes = tf.gather(self._codes, rows)
        known = tf.cast(codes != NO_VALUE, tf.float32)[..., None]
        return tf.gather(self._vectors, codes) * known


def codes_name(attribute: str) -> str:
    """What the frozen array of an attribute's codes is called among the network's parameters."""
    return f"attribute/{attribute}"
