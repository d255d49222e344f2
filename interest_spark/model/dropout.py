"""Dropout whose masks do not depend on how a batch is spread over ranks."""

import tensorflow as tf


class StreamDropout:
    """Zeroes a share `rate` of the values, with masks drawn from one key per stream.

    keys: int32[streams, 2]. A batch holds the same number of blocks from each of this rank's streams, stream
    after stream; each stream's mask depends on its key and the place of the call alone. So a rerun repeats
    every mask, and one rank with four streams draws what four ranks with one stream each draw.
    """

    def __init__(self, rate: float, keys: tf.Tensor) -> None:
        self._rate = rate
        self._keys = keys
        self._calls = 0

    def __call__(self, values: tf.Tensor) -> tf.Tensor:
        """values: [blocks, …] -> the same shape, kept values scaled by 1 / (1 - rate)."""
        self._calls += 1
        if not self._rate:
            return values
        streams = self._keys.shape[0]
        shape = tf.concat([[tf.shape(values)[0] // streams], tf.shape(values)[1:]], axis=0)
        drawn = [tf.random.stateless_uniform(shape, key + (self._calls, 0)) for key in tf.unstack(self._keys)]
        kept = tf.concat(drawn, axis=0) >= self._rate
        return tf.where(kept, values / (1.0 - self._rate), 0.0)


def no_dropout(values: tf.Tensor) -> tf.Tensor:
    """The values themselves: what scoring uses in place of StreamDropout."""
    return values
