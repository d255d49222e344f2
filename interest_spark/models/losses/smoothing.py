"""Label smoothing for losses that are a softmax (Szegedy et al. 2016, arXiv:1512.00567)."""

import tensorflow as tf


def smoothing_term(vectors: tf.Tensor, own: tf.Tensor, mean: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """What a share of 1 spread over all candidates adds to the weighted sum of cross-entropies, float32[].

    vectors, own: float32[N, d], of the tokens and of their targets. mean: float32[d], of the candidates' vectors.
    With scores s, -(1 - ε) log p_y - ε mean_j log p_j = -log p_y + ε (s_y - mean_j s_j), and the mean of scores is
    the score of the mean: one product a target, whatever the number of candidates.
    """
    return tf.reduce_sum(weights * tf.reduce_sum(vectors * (own - mean), axis=1))
