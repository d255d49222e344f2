"""What rank 0 writes about a run while it lasts: the loss of every step, one JSON object a line."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TextIO

from interest_spark.model.step import StepResult


class Curve(Protocol):
    """Takes the figures of one step after another; `epoch` and `step` count from 1."""

    def note(self, epoch: int, step: int, result: StepResult) -> None: ...


@contextmanager
def draw_curve(path: Path, total_steps: int) -> Iterator[Curve]:
    """Write `path`: a JSON object a step with epoch, step, total_steps, mean loss, targets, seconds since the start."""
    with path.open("w", encoding="utf-8", buffering=1) as file:
        yield _DrawnCurve(file, total_steps)


class NoCurve:
    """For the ranks that stay silent."""

    def note(self, epoch: int, step: int, result: StepResult) -> None:
        return None


class _DrawnCurve:
    def __init__(self, file: TextIO, total_steps: int) -> None:
        self._file, self._total_steps = file, total_steps
        self._started = time.monotonic()

    def note(self, epoch: int, step: int, result: StepResult) -> None:
        line = {
            "epoch": epoch,
            "step": step,
            "total_steps": self._total_steps,
            "loss": result.loss_sum / max(result.targets, 1),
            "targets": result.targets,
            "seconds": round(time.monotonic() - self._started, 3),
        }
        self._file.write(json.dumps(line) + "\n")
