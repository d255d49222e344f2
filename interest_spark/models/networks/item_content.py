"""What is known of items beside who used them, as frozen vectors, and the learnt projection of it.

V items with vectors of c numbers, d = dim.
"""

import tensorflow as tf

from interest_spark.models.networks.parameters import Parameters

START = 0.5
"""What projections of content begin with: items are compared by their content before anything is learnt."""


class ItemContent:
    """The content of one source. Items without any have rows of zeros, of which nothing is projected: hence no bias.

    A network is built with zeros; training sets the vectors (`models.training.content`), and a bundle keeps them.
    """

    def __init__(self, source: str, vocabulary_size: int, dim: int, width: int, parameters: Parameters) -> None:
        self._vectors = parameters.frozen_array(array_name(source), tf.zeros([vocabulary_size, width]))  # [V, c]
        self._projection = parameters.passing(f"content/{source}/projection", width, dim, START)  # [c, d]

    def __call__(self, rows: tf.Tensor) -> tf.Tensor:
        """int32[…] item indexes -> float32[…, d]."""
        vectors = tf.gather(self._vectors, rows)  # [..., c]
        return tf.tensordot(vectors, self._projection, axes=1)


def array_name(source: str) -> str:
    """What the frozen array of a source is called among the network's parameters."""
    return f"content/{source}"
