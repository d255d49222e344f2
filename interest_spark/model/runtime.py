"""TensorFlow's process-wide settings."""

import tensorflow as tf


def use_threads(threads: int) -> None:
    """Compute with `threads` threads; without effect once TensorFlow has run in this process."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # the process has already computed with other settings


def be_deterministic(seed: int) -> None:
    """Make equal runs bitwise equal, and any operation that could not be an error."""
    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(seed)
