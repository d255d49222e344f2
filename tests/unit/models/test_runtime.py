"""Devices: a rank computes on the one that its configuration names, on machines with and without GPUs."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import tensorflow as tf

from interest_spark.models.runtime import peak_memory_kb

# Devices can be chosen once in a process, before it computes.
_SCRIPT = """
import json
import sys
import tensorflow as tf
from interest_spark.foundation.errors import ConfigError
from interest_spark.models.runtime import use_cpu, use_gpu
try:
    use_cpu() if sys.argv[1] == "cpu" else use_gpu(local_rank=int(sys.argv[2]), assigned=sys.argv[3:])
except ConfigError as error:
    print(json.dumps({"error": str(error)}))
    sys.exit()
visible = tf.config.get_visible_devices("GPU")
growth = [tf.config.experimental.get_memory_growth(gpu) for gpu in visible]
placed = tf.matmul(tf.ones([2, 2]), tf.ones([2, 2])).device
print(json.dumps({"visible": [gpu.name for gpu in visible], "growth": growth, "placed": placed.rsplit("/", 1)[1]}))
"""
GPUS = [gpu.name for gpu in tf.config.list_physical_devices("GPU")]


def devices(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", _SCRIPT, *arguments], check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_a_rank_gets_one_gpu_and_one_that_is_not_there_is_missed() -> None:
    by_place, by_spark = devices("gpu", "1"), devices("gpu", "1", "0")
    if GPUS:
        one = {"growth": [True], "placed": "device:GPU:0"}
        assert by_place == {**one, "visible": [GPUS[1 % len(GPUS)]]}
        assert by_spark == {**one, "visible": [GPUS[0]]}
    else:
        assert by_place == by_spark
        assert "train.device is gpu, but TensorFlow sees no GPU here" in by_place["error"]
        assert "make GPU=1" in by_place["error"]
        assert "set train.device to cpu" in by_place["error"]


def test_on_cpu_a_rank_leaves_gpus_alone() -> None:
    assert devices("cpu") == {"visible": [], "growth": [], "placed": "device:CPU:0"}


def test_the_memory_of_the_process_that_started_it_does_not_count() -> None:
    large = np.ones(75_000_000)  # 600 MB, resident here
    script = "import sys; from interest_spark.models.runtime import peak_memory_kb as kb\nprint(kb())\n"
    script += "block = b'x' * (300 << 20)\nprint(kb())"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    before, after = map(int, done.stdout.split())
    assert before < peak_memory_kb() - 300_000, large.size
    assert 250_000 < after - before < 400_000
