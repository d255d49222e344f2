"""Asking a run to stop, after a checkpoint: by SIGTERM to a rank, or by the stop file, which all ranks look for."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from interest_spark.foundation.locations import Location
from interest_spark.models.launch.work_folder import is_there, seconds_between_looks, touch


class StopRequest:
    """Called between steps: whether this rank is to stop. `work` is the run's folder."""

    def __init__(self, work: Location) -> None:
        self._file, self._requested, self._looked = _stop_file(work), False, time.monotonic()
        self._pause = seconds_between_looks(work)
        with suppress(ValueError):  # only a main thread can listen; the stop file reaches the others
            signal.signal(signal.SIGTERM, self._request)

    def __call__(self) -> bool:
        if not self._requested and time.monotonic() - self._looked > self._pause:
            self._requested, self._looked = is_there(self._file), time.monotonic()
        return self._requested

    def _request(self, *_: object) -> None:
        self._requested = True


@contextmanager
def forwarded_sigterm(work: Location) -> Iterator[None]:
    """While ranks run elsewhere, a first SIGTERM to this process asks them to stop; a second one ends it as ever."""

    def ask(*_: object) -> None:
        signal.signal(signal.SIGTERM, held)
        ask_to_stop(work)  # where that fails, the run ends here

    try:
        held = signal.signal(signal.SIGTERM, ask)
    except ValueError:  # not in a main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, held)


def ask_to_stop(work: Location) -> None:
    """Let the ranks of the run in that folder write a checkpoint and end with BusyError, in a second or so."""
    touch(_stop_file(work))


def _stop_file(work: Location) -> Location:
    return work / "stop"
