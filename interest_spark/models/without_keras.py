"""TensorFlow and Horovod without Keras, which nothing here uses and whose import takes as long as TensorFlow's own.

Both import it whole, and it imports scikit-learn, pandas and matplotlib wherever they are installed. Each rank and each
scoring worker would wait for that.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_LAYER = "horovod.tensorflow.sync_batch_norm"


def import_tensorflow() -> None:
    """Import TensorFlow, the first of a process; `tf.keras` imports Keras when it is first asked for."""
    if "keras" not in sys.modules:
        with _reported_missing("keras"):
            import tensorflow  # noqa: F401


def import_horovod() -> ModuleType:
    """`horovod.tensorflow`, whose `SyncBatchNormalization`, a layer of Keras, is None."""
    import_tensorflow()
    left_out = ModuleType(_LAYER)
    left_out.SyncBatchNormalization = None  # type: ignore[attr-defined]
    sys.modules.setdefault(_LAYER, left_out)
    import horovod.tensorflow

    module: ModuleType = horovod.tensorflow
    return module


@contextmanager
def _reported_missing(name: str) -> Iterator[None]:
    sys.modules[name] = None  # type: ignore[assignment]  # None stands for a module that cannot be imported
    try:
        yield
    finally:
        del sys.modules[name]
