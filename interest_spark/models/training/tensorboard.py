"""The learning curve of a run for TensorBoard: loss, NDCG@10, targets a second and the optimiser over the steps."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from interest_spark.foundation.folders import ensure_writable
from interest_spark.models.training.curve import LearningCurve
from interest_spark.models.training.step import StepResult


@contextmanager
def also_for_tensorboard(curve: LearningCurve, folder: Path) -> Iterator[LearningCurve]:
    """The same curve, written below `folder` as well; a resumed run adds to what is there.

    Raises ConfigError where the folder cannot be written.
    """
    ensure_writable(folder, "train.tensorboard", "set it to a folder that you may write, or leave it out")
    writer = tf.summary.create_file_writer(str(folder))
    try:
        yield _TensorBoardCurve(curve, writer)
    finally:
        writer.close()


class _TensorBoardCurve:
    def __init__(self, curve: LearningCurve, writer: tf.summary.SummaryWriter) -> None:
        self._curve, self._writer = curve, writer
        self._last = time.perf_counter()

    def add_step(self, epoch: int, step: int, result: StepResult, rank_losses: Sequence[float] = ()) -> None:
        self._curve.add_step(epoch, step, result, rank_losses)
        now = time.perf_counter()
        with self._writer.as_default(step=step):
            tf.summary.scalar("loss", result.loss_sum / result.weight if result.weight else 0.0)
            tf.summary.scalar("learning_rate", result.learning_rate)
            tf.summary.scalar("gradient_norm", result.gradient_norm)
            tf.summary.scalar("targets_per_second", result.targets / max(now - self._last, 1e-9))
        self._last = now

    def add_validation(self, epoch: int, step: int, ndcg: float, targets: int) -> None:
        self._curve.add_validation(epoch, step, ndcg, targets)
        with self._writer.as_default(step=step):
            tf.summary.scalar("ndcg", ndcg)

    def text(self) -> str:
        return self._curve.text()
