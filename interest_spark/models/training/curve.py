"""What rank 0 writes about a run while it lasts: the loss of every step, one JSON object a line."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TextIO

from interest_spark.models.training.step import StepResult


class Curve(Protocol):
    """Takes the figures of one step after another; `epoch` and `step` count from 1."""

    def note(self, epoch: int, step: int, result: StepResult) -> None:
        """A step's figures."""

    def judged(self, epoch: int, step: int, ndcg: float, cases: int) -> None:
        """NDCG@10 after an epoch, over `cases` held-out targets."""

    def text(self) -> str:
        """All that was written so far."""


@contextmanager
def draw_curve(path: Path, total_steps: int, before: str = "") -> Iterator[Curve]:
    """Write `path`: a JSON object a step with epoch, step, total_steps, mean loss, targets and seconds of training,
    and one a judged epoch with ndcg and cases. `before` are the lines of a run that this one goes on with.
    """
    with path.open("w", encoding="utf-8", buffering=1) as file:
        file.write(before)
        yield _DrawnCurve(file, path, total_steps, before)


class NoCurve:
    """For the ranks that stay silent."""

    def note(self, epoch: int, step: int, result: StepResult) -> None:
        return None

    def judged(self, epoch: int, step: int, ndcg: float, cases: int) -> None:
        return None

    def text(self) -> str:
        return ""


class _DrawnCurve:
    def __init__(self, file: TextIO, path: Path, total_steps: int, before: str) -> None:
        self._file, self._path, self._total_steps = file, path, total_steps
        lines = before.splitlines()
        self._started = time.monotonic() - (json.loads(lines[-1])["seconds"] if lines else 0.0)

    def note(self, epoch: int, step: int, result: StepResult) -> None:
        loss = result.loss_sum / result.weight if result.weight else 0.0
        self._write(epoch, step, loss=loss, targets=result.targets)

    def judged(self, epoch: int, step: int, ndcg: float, cases: int) -> None:
        self._write(epoch, step, ndcg=ndcg, cases=cases)

    def text(self) -> str:
        return self._path.read_text(encoding="utf-8")

    def _write(self, epoch: int, step: int, **figures: float) -> None:
        seconds = round(time.monotonic() - self._started, 3)
        line = {"epoch": epoch, "step": step, "total_steps": self._total_steps, **figures, "seconds": seconds}
        self._file.write(json.dumps(line) + "\n")
