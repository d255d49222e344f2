"""What a training step is to predict, and what of its batch the network sees while it does.

B blocks of T tokens, a batch of S streams with B / S blocks each.
"""

from typing import Protocol

import tensorflow as tf

from interest_spark.config.training.helpers import AugmentConfig
from interest_spark.config.training.network_section import MaskedNetworkSection, NetworkSection
from interest_spark.models.losses.loss import Targets
from interest_spark.models.networks.network import Tokens
from interest_spark.models.training.augmentation import ShorterHistories
from interest_spark.models.training.segments import uniform_by_stream
from interest_spark.schemas.behaviors import MASK_INDEX

_OWN_DRAWS = (0, 1)  # dropout moves the first number of a stream's key alone


class Objective(Protocol):
    """Chooses among what the blocks offer; keys: int32[S, 2], one a stream, new in each step."""

    def __call__(self, tokens: Tokens, targets: Targets, keys: tf.Tensor) -> tuple[Tokens, Targets]:
        """The tokens that the network sees, and what it is to predict at them."""


def build_objective(network: NetworkSection, augment: AugmentConfig | None = None) -> Objective:
    """That of a network of this section, over histories that are made shorter where `augment` says so."""
    objective = MaskedItems(network) if isinstance(network, MaskedNetworkSection) else next_items
    return objective if augment is None else _after(ShorterHistories(augment, network), objective)


def _after(first: Objective, then: Objective) -> Objective:
    return lambda tokens, targets, keys: then(*first(tokens, targets, keys), keys)


def next_items(tokens: Tokens, targets: Targets, keys: tf.Tensor) -> tuple[Tokens, Targets]:
    """Every target, from its token and those before it."""
    return tokens, targets


class MaskedItems:
    """Some events' items, from the other events of the segment; an Objective.

    An event that has a weight is hidden with the chance `mask_share`, and in each segment one at least is, so that
    short histories teach something. In a share `last_share` of the segments the newest event alone is hidden: that is
    what the network is asked when it serves (Sun et al. 2019, arXiv:1904.06690, and the code published with it).
    What is hidden depends on the stream's key alone, hence not on how streams are spread over ranks.
    """

    def __init__(self, config: MaskedNetworkSection) -> None:
        self._config = config

    def __call__(self, tokens: Tokens, targets: Targets, keys: tf.Tensor) -> tuple[Tokens, Targets]:
        hidden = self._choose(tokens["segment"], targets.weight > 0, keys)
        seen = {name: tf.where(hidden, 0, tokens[name]) for name in self._config.token_columns}
        seen["item"] = tf.where(hidden, MASK_INDEX, tokens["item"])
        weight = tf.where(hidden, targets.weight, tf.zeros_like(targets.weight))
        return {**tokens, **seen}, Targets(targets.item, weight)

    def _choose(self, segment: tf.Tensor, allowed: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """bool[B, T]: the events to hide."""
        blocks, length = tf.shape(segment)[0], segment.shape[1]
        drawn = uniform_by_stream(
            keys, _OWN_DRAWS, blocks, 2 * length + 1
        )  # one number for each token, one for each segment 0 … T
        of_token = tf.where(allowed, drawn[:, :length], 2.0)
        number = segment + (length + 1) * tf.range(blocks)[:, None]  # tells all segments of the batch apart
        least = tf.math.unsorted_segment_min(of_token, number, (length + 1) * blocks)
        some = (of_token < self._config.mask_share) | (of_token <= tf.gather(least, number))
        only_last = tf.gather(drawn[:, length:], segment, batch_dims=1) < self._config.last_share
        return allowed & tf.where(only_last, _is_last(segment), some)


def _is_last(segment: tf.Tensor) -> tf.Tensor:
    """bool[B, T]: the newest event of each segment."""
    return segment != tf.concat([segment[:, 1:], tf.zeros_like(segment[:, :1])], axis=1)
