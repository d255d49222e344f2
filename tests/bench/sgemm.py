"""The most GFLOP/s that a float32 matrix product reaches on this machine, of numpy and TensorFlow the faster one.

python -m tests.bench.sgemm [threads]

A process of its own, since both take their number of threads once. An OpenBLAS kernel chosen by the environment,
as some machines do for the sake of old releases, would lower the peak and flatter whatever is measured by it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

SIZE, ROUNDS = 2048, 8


def measure_peak(threads: int) -> float:
    """GFLOP/s, measured in a child process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    command = [sys.executable, "-m", "tests.bench.sgemm", str(threads)]
    return float(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)


def main() -> None:
    import numpy as np
    import tensorflow as tf
    from threadpoolctl import threadpool_limits

    from interest_spark.models.runtime import use_threads

    threads = int(sys.argv[1]) if len(sys.argv) > 1 else len(os.sched_getaffinity(0))
    use_threads(threads)
    left, right = np.random.default_rng(0).normal(size=(2, SIZE, SIZE)).astype(np.float32)
    tensors = tf.constant(left), tf.constant(right)
    with threadpool_limits(limits=threads):
        rates = gflops(lambda: left @ right), gflops(lambda: tf.matmul(*tensors).numpy())
    print(round(max(rates), 1))


def gflops(multiply: Callable[[], object]) -> float:
    """Of the fastest of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        multiply()
        seconds.append(time.perf_counter() - started)
    return 2 * SIZE**3 / min(seconds) / 1e9


if __name__ == "__main__":
    main()
