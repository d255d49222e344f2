"""Short histories made of long ones, and short ones made different in each epoch.

A shop's users are mostly new, but what it has to learn from are the histories of those who stayed. Every target is
still learnt once an epoch, at its token: what changes is how much of its history the network sees.
"""

import tensorflow as tf

from interest_spark.config.training.helpers import AugmentConfig
from interest_spark.config.training.network_section import NetworkSection
from interest_spark.models.losses.loss import Targets
from interest_spark.models.networks.network import Tokens
from interest_spark.models.training.hidden_items import hide_items
from interest_spark.models.training.segments import SegmentDraws, places, split_segments

_PURPOSE = (0, 0x4155)


class ShorterHistories:
    """Cuts histories in two and hides items of short ones, by the stream's key alone.

    A cut history is two: the older events and, as if its user had come then, the newer ones. A hidden event keeps its
    place in the history, and what follows it is a target as before.
    """

    def __init__(self, config: AugmentConfig, network: NetworkSection) -> None:
        self._config, self._network = config, network

    def __call__(self, tokens: Tokens, targets: Targets, keys: tf.Tensor) -> tuple[Tokens, Targets]:
        """The tokens that the network sees instead, and the same targets; keys: int32[S, 2]."""
        draws = SegmentDraws(tokens["segment"], keys, _PURPOSE)
        rank, length = places(tokens["segment"])
        choice, where = draws.of_segment(), draws.of_segment()
        place = 1 + tf.cast(where * tf.cast(length - 1, tf.float32), tf.int32)  # 1 … length - 1
        cut = (choice < self._config.cut) & (rank == tf.minimum(place, length - 1)) & (rank > 0)
        tokens = split_segments(dict(tokens), cut)
        _, length = places(tokens["segment"])
        hidden = (draws.of_token() < self._config.hide) & (length < self._config.shorter_than) & (tokens["segment"] > 0)
        return hide_items(tokens, hidden, self._network), targets
