"""A run that is told to stop writes a checkpoint first: by SIGTERM to a rank, or by the launcher's word to all."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOOK_SECONDS = 1.0


class StopRequest:
    """Called between steps: whether this rank was told to stop. `work` is the run's folder."""

    def __init__(self, work: Path) -> None:
        self._file, self._told, self._looked = _word(work), False, time.monotonic()
        with suppress(ValueError):  # only a main thread can listen; the launcher's word reaches the others
            signal.signal(signal.SIGTERM, self._tell)

    def __call__(self) -> bool:
        if not self._told and time.monotonic() - self._looked > _LOOK_SECONDS:
            self._told, self._looked = self._file.exists(), time.monotonic()
        return self._told

    def _tell(self, *_: object) -> None:
        self._told = True


@contextmanager
def passing_on_sigterm(work: Path) -> Iterator[None]:
    """While ranks run elsewhere, a first SIGTERM to this process asks them to stop; a second one ends it as ever."""

    def ask(*_: object) -> None:
        _word(work).touch()
        signal.signal(signal.SIGTERM, held)

    try:
        held = signal.signal(signal.SIGTERM, ask)
    except ValueError:  # not in a main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, held)


def _word(work: Path) -> Path:
    return work / "stop"
