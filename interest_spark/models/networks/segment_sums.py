"""Means along the segments of packed blocks.

B blocks of T tokens, d numbers a token.
"""

import tensorflow as tf


def running_means(x: tf.Tensor, segment: tf.Tensor) -> tf.Tensor:
    """float32[B, T, d] -> the same shape: at each token the mean of its segment's tokens up to itself.

    segment: int32[B, T], each segment one run. A product with a matrix of shares rather than differences of running
    sums: those would carry rounding from one history into the next.
    """
    same = segment[:, :, None] == segment[:, None, :]  # [B, T, T]
    seen = tf.cast(tf.linalg.band_part(tf.cast(same, tf.int32), -1, 0), x.dtype)
    return tf.matmul(seen / tf.reduce_sum(seen, axis=2, keepdims=True), x)
