"""Asking a run to stop, after a checkpoint: by SIGTERM to a rank, or by the stop file, which all ranks look for."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOOK_SECONDS = 1.0


class StopRequest:
    """Called between steps: whether this rank is to stop. `work` is the run's folder."""

    def __init__(self, work: Path) -> None:
        self._file, self._requested, self._looked = _stop_file(work), False, time.monotonic()
        with suppress(ValueError):  # only a main thread can listen; the stop file reaches the others
            signal.signal(signal.SIGTERM, self._request)

    def __call__(self) -> bool:
        if not self._requested and time.monotonic() - self._looked > _LOOK_SECONDS:
            self._requested, self._looked = self._file.exists(), time.monotonic()
        return self._requested

    def _request(self, *_: object) -> None:
        self._requested = True


@contextmanager
def forwarded_sigterm(work: Path) -> Iterator[None]:
    """While ranks run elsewhere, a first SIGTERM to this process asks them to stop; a second one ends it as ever."""

    def ask(*_: object) -> None:
        _stop_file(work).touch()
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


def _stop_file(work: Path) -> Path:
    return work / "stop"
