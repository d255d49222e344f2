"""A rank that waits for ever is worse than one that fails: the watchdog ends it, and names who is silent.

Every rank runs one. A rank that is stopped or dead no longer renews its heartbeat file, so the others,
which wait for it inside a collective call, can tell whom they are waiting for.
"""

import math
import os
import threading
import time
from contextlib import suppress

from interest_spark.foundation.errors import EXIT_BUSY, BusyError
from interest_spark.foundation.locations import Location
from interest_spark.models.launch.failures import note_failure
from interest_spark.models.launch.work_folder import seconds_between_looks, times_in, touch

_CHECK_SECONDS = 1.0
_SILENT_BEATS = 10


class Watchdog:
    """Ends the process with exit code 75 when no step was finished within the limit.

    The limit is `start_seconds` until the first `step_finished`, `stall_seconds` after it. With `launcher_pid` it also
    ends, silently, once that process is gone.
    """

    def __init__(
        self,
        work: Location,
        rank: int,
        ranks: int,
        start_seconds: int,
        stall_seconds: int,
        launcher_pid: int | None = None,
    ) -> None:
        self._work, self._rank, self._ranks = work, rank, ranks
        self._limit = float(start_seconds)
        self._stall_seconds = float(stall_seconds)
        self._launcher_pid = launcher_pid
        self._last = time.monotonic()
        self._step = 0
        self._over = threading.Event()
        self._beat_seconds = seconds_between_looks(work)

    def __enter__(self) -> "Watchdog":
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def step_finished(self, step: int) -> None:
        """`step` steps are finished."""
        self._step, self._last, self._limit = step, time.monotonic(), self._stall_seconds

    def _watch(self) -> None:
        beat_at = time.monotonic() + _CHECK_SECONDS
        while not self._over.wait(_CHECK_SECONDS):
            if time.monotonic() >= beat_at:
                beat_at = time.monotonic() + self._beat_seconds
                self._beat()
            if self._launcher_pid is not None and not _is_alive(self._launcher_pid):
                os._exit(EXIT_BUSY)
            if time.monotonic() - self._last > self._limit:
                try:
                    note_failure(self._work, self._rank, BusyError(self._explanation()))
                finally:
                    os._exit(EXIT_BUSY)

    def _beat(self) -> None:
        with suppress(OSError, BusyError):  # a store that is away for a moment ends no training
            touch(self._work / _heartbeat(self._rank))

    def _explanation(self) -> str:
        silent = [str(rank) for rank in self._silent()]
        who = f"rank {', '.join(silent)} has no heartbeat" if silent else "every rank is alive"
        key = "train.stall_seconds" if self._step else "train.start_seconds"
        return (
            f"training stalled: no step was finished in {self._limit:.0f} s after step {self._step}; {who}; "
            f"nothing was published: run the job again, or raise {key}"
        )

    def _silent(self) -> list[int]:
        """The other ranks whose last heartbeat is old, or was never seen."""
        # All times are the file system's, so clocks of different nodes do not matter.
        beats = times_in(self._work, [_heartbeat(rank) for rank in range(self._ranks)])
        limit = min(_SILENT_BEATS * self._beat_seconds, self._limit / 2)
        oldest = beats.get(_heartbeat(self._rank), 0.0) - limit
        others = (rank for rank in range(self._ranks) if rank != self._rank)
        return [rank for rank in others if beats.get(_heartbeat(rank), -math.inf) < oldest]


def _heartbeat(rank: int) -> str:
    return f"alive-{rank}"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
