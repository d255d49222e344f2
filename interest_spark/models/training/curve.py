"""The learning curve that rank 0 writes while a run lasts: the loss of every step, one JSON object a line."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TextIO

from interest_spark.foundation.errors import BusyError
from interest_spark.foundation.locations import Location, Url
from interest_spark.models.training.step import StepResult
from interest_spark.storage.folder_files import write_file

_STORED_SECONDS = 10.0


class LearningCurve(Protocol):
    """Takes the figures of one step after another; `epoch` and `step` count from 1."""

    def add_step(self, epoch: int, step: int, result: StepResult, rank_losses: Sequence[float] = ()) -> None:
        """A step's figures; with an epoch's last step the mean loss of each rank's own targets of the epoch."""

    def add_validation(self, epoch: int, step: int, ndcg: float, targets: int) -> None:
        """NDCG@10 after an epoch, over so many held-out targets."""

    def text(self) -> str:
        """All that was written so far."""


@contextmanager
def write_learning_curve(place: Location, total_steps: int, before: str = "") -> Iterator[LearningCurve]:
    """Write `place`: a JSON object a step with epoch, step, total_steps, mean loss, targets, learning_rate,
    gradient_norm (L2, over all ranks, before clipping) and seconds of training, with the last step of an epoch of
    several ranks rank_losses, and one a validated epoch with ndcg and held_out_targets. `before`: the lines of a run
    that this one resumes.

    What is in a store cannot grow: there the curve is written anew every `_STORED_SECONDS`, and at the end.
    """
    if isinstance(place, Url):
        with TemporaryDirectory(prefix="interest-curve-") as folder:
            path = Path(folder) / place.name
            with _opened(path, before) as file:
                yield _StoredCurve(file, path, total_steps, before, place)
            write_file(place, path.read_bytes())
        return
    with _opened(place, before) as file:
        yield _LearningCurveFile(file, place, total_steps, before)


@contextmanager
def _opened(path: Path, before: str) -> Iterator[TextIO]:
    with path.open("w", encoding="utf-8", buffering=1) as file:
        file.write(before)
        yield file


class NoLearningCurve:
    """For the ranks that stay silent."""

    def add_step(self, epoch: int, step: int, result: StepResult, rank_losses: Sequence[float] = ()) -> None:
        return None

    def add_validation(self, epoch: int, step: int, ndcg: float, targets: int) -> None:
        return None

    def text(self) -> str:
        return ""


class _LearningCurveFile:
    def __init__(self, file: TextIO, path: Path, total_steps: int, before: str) -> None:
        self._file, self._path, self._total_steps = file, path, total_steps
        lines = before.splitlines()
        self._started = time.monotonic() - (json.loads(lines[-1])["seconds"] if lines else 0.0)

    def add_step(self, epoch: int, step: int, result: StepResult, rank_losses: Sequence[float] = ()) -> None:
        loss = result.loss_sum / result.weight if result.weight else 0.0
        rate, norm = result.learning_rate, result.gradient_norm
        of_ranks = {"rank_losses": list(rank_losses)} if rank_losses else {}
        self._write(epoch, step, loss=loss, targets=result.targets, learning_rate=rate, gradient_norm=norm, **of_ranks)

    def add_validation(self, epoch: int, step: int, ndcg: float, targets: int) -> None:
        self._write(epoch, step, ndcg=ndcg, held_out_targets=targets)

    def text(self) -> str:
        return self._path.read_text(encoding="utf-8")

    def _write(self, epoch: int, step: int, **figures: float | list[float]) -> None:
        seconds = round(time.monotonic() - self._started, 3)
        line = {"epoch": epoch, "step": step, "total_steps": self._total_steps, **figures, "seconds": seconds}
        self._file.write(json.dumps(line) + "\n")


class _StoredCurve(_LearningCurveFile):
    def __init__(self, file: TextIO, path: Path, total_steps: int, before: str, place: Url) -> None:
        super().__init__(file, path, total_steps, before)
        self._place, self._stored = place, time.monotonic()

    def _write(self, epoch: int, step: int, **figures: float | list[float]) -> None:
        super()._write(epoch, step, **figures)
        if time.monotonic() - self._stored > _STORED_SECONDS:
            self._stored = time.monotonic()
            with suppress(BusyError):  # it is for the eye: a store that is away for a moment ends no training
                write_file(self._place, self.text().encode())
