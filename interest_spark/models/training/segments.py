"""Where the histories of packed blocks lie, and what is drawn for them, as tensors.

B blocks of T tokens, a batch of S streams with B / S blocks each.
"""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf


class Places(NamedTuple):
    """Of each token, int32[B, T]: how many tokens of its segment come before it, and how many the segment has."""

    rank: tf.Tensor
    length: tf.Tensor


def places(segment: tf.Tensor) -> Places:
    """int32[B, T], where each segment is one run of tokens and padding is 0, itself a run like the others."""
    blocks, length = tf.shape(segment)[0], segment.shape[1]
    run = tf.cumsum(tf.cast(begins(segment), tf.int32), axis=1)  # 1 … T
    number = run + (length + 1) * tf.range(blocks)[:, None]  # tells all runs of the batch apart
    place = tf.broadcast_to(tf.range(length), tf.shape(segment))
    first, last = (
        tf.gather(bound(place, number, (length + 1) * blocks), number)
        for bound in (tf.math.unsorted_segment_min, tf.math.unsorted_segment_max)
    )
    return Places(place - first, last - first + 1)


def begins(segment: tf.Tensor) -> tf.Tensor:
    """bool[B, T]: the oldest token of each run."""
    changes = segment[:, 1:] != segment[:, :-1]
    return tf.concat([tf.ones_like(segment[:, :1], tf.bool), changes], axis=1)


def split_segments(tokens: dict[str, tf.Tensor], also_begins: tf.Tensor) -> dict[str, tf.Tensor]:
    """The tokens with a new segment from each place on that is marked, bool[B, T]; `segment` and `position` change.

    Segments are numbered anew, positions counted as in packing: T - 1 for the newest token of each.
    """
    segment = tokens["segment"]
    used, length = segment > 0, segment.shape[1]
    numbers = tf.cumsum(tf.cast(begins(segment) | also_begins, tf.int32), axis=1)
    segment = tf.where(used, numbers, 0)
    rank, lengths = places(segment)
    return {**tokens, "segment": segment, "position": tf.where(used, length - lengths + rank, 0)}


def uniform_by_stream(keys: tf.Tensor, purpose: tuple[int, int], blocks: tf.Tensor, count: int) -> tf.Tensor:
    """float32[B, count] in [0, 1), each stream's rows from its own key, int32[S, 2].

    purpose: what is added to the keys, so that draws for different things are independent of each other.
    """
    shape = [blocks // keys.shape[0], count]
    streams: Sequence[tf.Tensor] = tf.unstack(keys)
    return tf.concat([tf.random.stateless_uniform(shape, key + tf.constant(purpose)) for key in streams], axis=0)


class SegmentDraws:
    """Uniform numbers for the segments and tokens of a batch: `of_segment` and `of_token` take the next lot."""

    def __init__(self, segment: tf.Tensor, keys: tf.Tensor, purpose: tuple[int, int]) -> None:
        self._segment, self._keys, self._purpose = segment, keys, purpose
        self._lots = 0

    def of_token(self) -> tf.Tensor:
        """float32[B, T] in [0, 1), one for each token."""
        return self._next(self._segment.shape[1])

    def of_segment(self) -> tf.Tensor:
        """float32[B, T] in [0, 1), the same for all tokens of a segment."""
        return tf.gather(self._next(self._segment.shape[1] + 1), self._segment, batch_dims=1)

    def _next(self, count: int) -> tf.Tensor:
        self._lots += 1
        purpose = self._purpose[0] + self._lots, self._purpose[1]
        return uniform_by_stream(self._keys, purpose, tf.shape(self._segment)[0], count)
