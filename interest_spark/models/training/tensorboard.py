"""The curve of a run for TensorBoard: loss, NDCG@10 and targets a second over the steps."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from interest_spark.models.training.curve import Curve
from interest_spark.models.training.step import StepResult


@contextmanager
def also_for_tensorboard(curve: Curve, folder: Path) -> Iterator[Curve]:
    """Whatever is noted on the curve is written below `folder` as well; a run that goes on adds to what is there."""
    writer = tf.summary.create_file_writer(str(folder))
    try:
        yield _TensorBoardCurve(curve, writer)
    finally:
        writer.close()


class _TensorBoardCurve:
    def __init__(self, curve: Curve, writer: tf.summary.SummaryWriter) -> None:
        self._curve, self._writer = curve, writer
        self._last = time.perf_counter()

    def note(self, epoch: int, step: int, result: StepResult) -> None:
        self._curve.note(epoch, step, result)
        now = time.perf_counter()
        with self._writer.as_default(step=step):
            tf.summary.scalar("loss", result.loss_sum / result.weight if result.weight else 0.0)
            tf.summary.scalar("targets_per_second", result.targets / max(now - self._last, 1e-9))
        self._last = now

    def judged(self, epoch: int, step: int, ndcg: float, cases: int) -> None:
        self._curve.judged(epoch, step, ndcg, cases)
        with self._writer.as_default(step=step):
            tf.summary.scalar("ndcg", ndcg)

    def text(self) -> str:
        return self._curve.text()
