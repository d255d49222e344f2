"""What rank 0 tells about a run: the loss of every step in a file, and progress on standard error."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TextIO

from interest_spark.log import Progress, progress
from interest_spark.model.step import StepResult


class Curve(Protocol):
    """Takes the figures of one step after another; `epoch` and `step` count from 1."""

    def note(self, epoch: int, step: int, result: StepResult) -> None: ...


@contextmanager
def draw_curve(path: Path, total_steps: int) -> Iterator[Curve]:
    """Write `path`: one JSON object a step with epoch, step, mean loss, targets and seconds since the start."""
    with path.open("w", encoding="utf-8", buffering=1) as file, progress("train", "steps") as bar:
        yield _DrawnCurve(file, bar, total_steps)


class NoCurve:
    """For the ranks that stay silent."""

    def note(self, epoch: int, step: int, result: StepResult) -> None:
        return None


class _DrawnCurve:
    def __init__(self, file: TextIO, bar: Progress, total_steps: int) -> None:
        self._file, self._bar, self._total_steps = file, bar, total_steps
        self._started = time.monotonic()
        self._targets = 0

    def note(self, epoch: int, step: int, result: StepResult) -> None:
        self._targets += result.targets
        seconds = time.monotonic() - self._started
        loss = result.loss_sum / max(result.targets, 1)
        line = {"epoch": epoch, "step": step, "loss": loss, "targets": result.targets, "seconds": round(seconds, 3)}
        self._file.write(json.dumps(line) + "\n")
        self._bar.update(step, self._total_steps, loss=round(loss, 4), tokens_per_second=round(self._targets / seconds))
