"""Focal weighting: what is foretold well already counts less (Lin et al. 2017, arXiv:1708.02002)."""

import tensorflow as tf

_LEAST = 1e-7  # of 1 - p: its powers below 1 must stay finite


def focal(likelihood: tf.Tensor, gamma: float) -> tuple[tf.Tensor, tf.Tensor]:
    """float32[n], the likelihoods p of n targets -> what their losses -log p and the gradients of these are multiplied
    by, float32[n] each: the focal loss is -(1 - p)^γ log p, and its derivative by log p is -(1 - p)^γ
    + γ p (1 - p)^(γ - 1) log p. Exactly 1 for γ = 0.
    """
    if not gamma:
        return tf.ones_like(likelihood), tf.ones_like(likelihood)
    rest = tf.maximum(1.0 - likelihood, _LEAST)
    scale = rest**gamma
    return scale, scale - gamma * tf.math.xlogy(likelihood, likelihood) * rest ** (gamma - 1.0)


def focused(loss: tf.Tensor, gamma: float) -> tf.Tensor:
    """Losses -log p -> (1 - p)^γ times as much, float32 of the same shape, to be differentiated."""
    if not gamma:
        return loss
    return loss * tf.maximum(-tf.math.expm1(-loss), _LEAST) ** gamma
