"""Dropout whose masks do not depend on how a batch is spread over ranks."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

_SHARED = 2**31 - 1  # the place of a stream that no rank reads: its key is the same for all


class StreamDropout:
    """Zeroes a share of the values, with masks drawn from one key per stream.

    keys: int32[streams, 2]. A batch holds the same number of blocks from each of this rank's streams, stream
    after stream; each stream's mask depends on its key and the place of the call alone. So a rerun repeats
    every mask, and one rank with four streams draws what four ranks with one stream each draw.
    """

    def __init__(self, keys: tf.Tensor) -> None:
        self._keys = keys
        self._calls = 0

    def __call__(self, values: tf.Tensor, rate: float) -> tf.Tensor:
        """values: [blocks, …] -> the same shape, kept values scaled by 1 / (1 - rate); the rate is met to 1/256."""
        self._calls += 1
        if not rate:
            return values
        streams = self._keys.shape[0]
        size = tf.size(values) // streams
        drawn = [_random_bytes(size, key + tf.constant([self._calls, 0])) for key in tf.unstack(self._keys)]
        dropped = min(max(round(rate * 2**8), 1), 2**8 - 1)
        kept = tf.cast(tf.reshape(tf.concat(drawn, axis=0), tf.shape(values)) >= dropped, values.dtype)
        scale = 2**8 / (2**8 - dropped)  # of the share that is really kept: the mean holds exactly
        return values * (kept * tf.cast(scale, values.dtype))  # a product is faster than tf.where


def _random_bytes(count: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """uint8[count]: the draw is most of dropout's time, so 32 bits serve four values."""
    words = tf.random.stateless_uniform([(count + 3) // 4], key, minval=None, maxval=None, dtype=tf.int32)
    return tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:count]


def no_dropout(values: tf.Tensor, rate: float) -> tf.Tensor:
    """The values themselves: what scoring uses in place of StreamDropout."""
    return values


def stream_keys(seed: int, step: int, streams: Sequence[int]) -> np.ndarray:
    """int32[streams, 2]: a key for each stream in each step of a run."""
    words = [np.random.SeedSequence([seed, step, stream]).generate_state(2) for stream in streams]
    return np.array(words, np.uint32).view(np.int32)


def shared_key(seed: int, step: int) -> np.ndarray:
    """int32[2]: the key of what all ranks draw alike in a step."""
    return stream_keys(seed, step, [_SHARED])[0]
