"""Changed views of the histories in packed blocks: cropped, masked or reordered (CL4SRec, Xie et al. 2022,
arXiv:2010.14395).

Views have the shape of the blocks that they are made of, B blocks of T tokens, and nothing moves between segments.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from interest_spark.config.training.helpers import ContrastiveConfig
from interest_spark.config.training.network_section import NetworkSection
from interest_spark.models.networks.network import Tokens
from interest_spark.models.training.hidden_items import hide_items
from interest_spark.models.training.segments import Places, SegmentDraws, places, split_segments
from interest_spark.schemas.tokens import INPUTS

_PURPOSE = 0x5657
_MOVED = ("item", *(name for name, source in INPUTS.items() if source != "event_time"))
"""What changes places when events are reordered: what happened; when something happened stays as it was."""


class View(NamedTuple):
    """Tokens to encode, and bool[B, T] where each history's vector is to be read: at its newest event that is left."""

    tokens: Tokens
    read: tf.Tensor


class Views:
    """Draws views by the streams' keys; one of the changes whose share is above 0 for each segment."""

    def __init__(self, config: ContrastiveConfig, network: NetworkSection) -> None:
        self._config, self._network = config, network
        changes: list[tuple[float, Callable[[Tokens, Places, SegmentDraws, tf.Tensor], View]]]
        changes = [(config.crop, self._crop), (config.mask, self._mask), (config.reorder, self._reorder)]
        self._changes = [change for share, change in changes if share]

    def __call__(self, tokens: Tokens, keys: tf.Tensor, number: int) -> View:
        """The view of that number, of which each has draws of its own; keys: int32[S, 2]."""
        segment = tokens["segment"]
        at, draws = places(segment), SegmentDraws(segment, keys, (number << 16, _PURPOSE))
        choice = tf.cast(draws.of_segment() * len(self._changes), tf.int32)
        read = (at.rank == at.length - 1) & (segment > 0)
        for place, change in enumerate(self._changes):
            tokens, now = change(tokens, at, draws, (choice == place) & (segment > 0))
            read = tf.where(choice == place, now, read)
        return View(tokens, read)

    def _crop(self, tokens: Tokens, at: Places, draws: SegmentDraws, chosen: tf.Tensor) -> View:
        """A stretch that becomes a history of its own; what was before and after it is read by nobody."""
        first, count = _stretch(at.length, self._config.crop, draws.of_segment())
        cuts = chosen & ((at.rank == first) | (at.rank == first + count)) & (at.rank > 0)
        return View(split_segments(dict(tokens), cuts), chosen & (at.rank == first + count - 1))

    def _mask(self, tokens: Tokens, at: Places, draws: SegmentDraws, chosen: tf.Tensor) -> View:
        hidden = chosen & (draws.of_token() < self._config.mask)
        return View(hide_items(tokens, hidden, self._network), chosen & (at.rank == at.length - 1))

    def _reorder(self, tokens: Tokens, at: Places, draws: SegmentDraws, chosen: tf.Tensor) -> View:
        """The events of a stretch sorted by a draw between its first place and its end, all others by their place."""
        first, count = _stretch(at.length, self._config.reorder, draws.of_segment())
        inside = chosen & (at.rank >= first) & (at.rank < first + count)
        place = tf.broadcast_to(tf.range(tf.shape(at.rank)[1]), tf.shape(at.rank))
        drawn = tf.cast(place - at.rank + first, tf.float32) + draws.of_token() * tf.cast(count, tf.float32)
        order = tf.argsort(tf.where(inside, drawn, tf.cast(place, tf.float32)), axis=1, stable=True)
        moved = {name: tf.gather(tokens[name], order, batch_dims=1) for name in _MOVED if name in tokens}
        return View({**tokens, **moved}, chosen & (at.rank == at.length - 1))


def _stretch(length: tf.Tensor, share: float, draw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The rank of the first event of a stretch of `share` of a segment, and how many events it has, at least one."""
    count = tf.maximum(tf.cast(tf.cast(length, tf.float32) * share, tf.int32), 1)
    first = tf.cast(draw * tf.cast(length - count + 1, tf.float32), tf.int32)
    return tf.minimum(first, length - count), count
