"""TensorFlow's process-wide settings."""

import re
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from interest_spark.foundation.errors import ConfigError


def use_threads(threads: int) -> None:
    """Compute with `threads` threads; without effect once TensorFlow has run in this process."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # the process has already computed with other settings


def enable_determinism(seed: int) -> None:
    """Make equal runs bitwise equal, and any operation that could not be an error."""
    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(seed)


def use_gpu(local_rank: int, assigned: Sequence[str] = ()) -> None:
    """Give this process one GPU, and no more of its memory than it needs.

    It is the first of those that Spark `assigned` to its task, by number, else the one of the rank's place on the node.
    Raises ConfigError without a GPU.
    """
    found = tf.config.list_physical_devices("GPU")
    if not found:
        raise ConfigError(
            "train.device is gpu, but TensorFlow sees no GPU here; install conf/requirements-gpu.lock (make GPU=1) "
            "on a node that has one, or set train.device to cpu"
        )
    mine = found[(int(assigned[0]) if assigned else local_rank) % len(found)]
    tf.config.set_visible_devices(mine, "GPU")
    tf.config.experimental.set_memory_growth(mine, True)


def use_cpu() -> None:
    """Hide the GPUs of this machine from the process, which would otherwise compute on the first of them."""
    tf.config.set_visible_devices([], "GPU")


def peak_memory_kb() -> int:
    """The most memory, in KiB, that this process has had resident at once.

    Not what getrusage says: that counts the process, a Spark driver perhaps, that this one was started from.
    """
    (line,) = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(line)
