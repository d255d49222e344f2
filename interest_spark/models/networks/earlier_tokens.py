"""Looking back along the segments of packed blocks: what causal convolutions and averages are made of.

B blocks of T tokens, d numbers a token.
"""

import tensorflow as tf


def earlier(x: tf.Tensor, segment: tf.Tensor, distance: int) -> tf.Tensor:
    """[B, T, d] -> the same shape: at each token what x is `distance` tokens before it, zeros where its segment has no
    such token. A segment's tokens lie side by side: segment is int32[B, T].
    """
    if not distance:
        return x
    distance = min(distance, x.shape[1])
    same = tf.pad(segment[:, distance:] == segment[:, :-distance], [[0, 0], [distance, 0]])  # [B, T]
    kept = tf.slice(x, [0, 0, 0], [-1, x.shape[1] - distance, -1])  # the gradient of x[:, :-distance] is slower
    before = tf.pad(kept, [[0, 0], [distance, 0], [0, 0]])
    return before * tf.cast(same, x.dtype)[..., None]


def last_tokens(x: tf.Tensor, segment: tf.Tensor, count: int, step: int = 1) -> list[tf.Tensor]:
    """[B, T, d] -> `count` of the same shape: each token itself, then what lies step, 2 · step … before it."""
    return [earlier(x, segment, number * step) for number in range(count)]
