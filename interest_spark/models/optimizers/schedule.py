"""The learning rate over the steps of a run."""

import math

import tensorflow as tf

from interest_spark.config.training.optimizers import OptimizerSection


def learning_rate(config: OptimizerSection, step: tf.Tensor, total_steps: int) -> tf.Tensor:
    """The rate of step 1, 2, … `total_steps` (float32[]): a linear rise, then the schedule down to `final_rate`.

    >>> config = OptimizerSection(learning_rate=1.0, warmup_steps=2, schedule="linear")
    >>> [round(float(learning_rate(config, tf.constant(float(step)), 6)), 2) for step in (1, 2, 4, 6)]
    [0.5, 1.0, 0.5, 0.0]
    """
    warmup = config.warmup_steps
    risen = tf.minimum(step / max(warmup, 1), 1.0)
    gone = tf.clip_by_value((step - warmup) / max(total_steps - warmup, 1), 0.0, 1.0)
    if config.schedule == "cosine":
        left = 0.5 * (1.0 + tf.cos(math.pi * gone))
    else:
        left = 1.0 - gone if config.schedule == "linear" else 1.0
    return config.learning_rate * risen * (config.final_rate + (1.0 - config.final_rate) * left)
