import subprocess
import sys

import pytest

# In a process of its own: the tests' own have long imported TensorFlow.
RANK = """
import sys
from interest_spark.models.without_keras import import_horovod, import_tensorflow
import_tensorflow()
hvd = import_horovod()
import interest_spark.models.training.train, interest_spark.models.inference
assert not {"keras", "matplotlib", "pandas", "sklearn"} & set(sys.modules), set(sys.modules)
assert hvd.gloo_built()
import tensorflow as tf
assert tf.keras.layers.Dense(2)(tf.ones((1, 3))).shape == (1, 2)
"""
KERAS_FIRST = """
import keras
from interest_spark.models.without_keras import import_tensorflow
import_tensorflow()
import sys
assert sys.modules["keras"] is keras
import tensorflow as tf
assert tf.keras.layers.Dense(2)(tf.ones((1, 3))).shape == (1, 2)
"""


@pytest.mark.parametrize("code", [RANK, KERAS_FIRST], ids=["first", "after keras"])
def test_keras_is_imported_where_it_is_asked_for_alone(code: str) -> None:
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-2000:]
