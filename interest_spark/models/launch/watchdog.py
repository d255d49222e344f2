"""A rank that waits for ever is worse than one that fails: the watchdog ends it, and names who is silent.

Every rank runs one. A rank that is stopped or dead no longer touches its heartbeat file, so the others,
which wait for it inside a collective call, can tell whom they are waiting for.
"""

import os
import threading
import time
from pathlib import Path

from interest_spark.foundation.errors import EXIT_BUSY, BusyError
from interest_spark.models.launch.failures import note_failure

_HEARTBEAT_SECONDS = 1.0
_SILENT_SECONDS = 10.0


class Watchdog:
    """Ends the process with exit code 75 when no step was finished within the limit.

    The limit is `start_seconds` until the first `step_finished`, `stall_seconds` after it. With `launcher_pid` it also
    ends, silently, once that process is gone.
    """

    def __init__(
        self, work: Path, rank: int, ranks: int, start_seconds: int, stall_seconds: int, launcher_pid: int | None = None
    ) -> None:
        self._work, self._rank, self._ranks = work, rank, ranks
        self._limit = float(start_seconds)
        self._stall_seconds = float(stall_seconds)
        self._launcher_pid = launcher_pid
        self._last = time.monotonic()
        self._step = 0
        self._over = threading.Event()

    def __enter__(self) -> "Watchdog":
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def step_finished(self, step: int) -> None:
        """`step` steps are finished."""
        self._step, self._last, self._limit = step, time.monotonic(), self._stall_seconds

    def _watch(self) -> None:
        while not self._over.wait(_HEARTBEAT_SECONDS):
            _heartbeat_file(self._work, self._rank).touch()
            if self._launcher_pid is not None and not _is_alive(self._launcher_pid):
                os._exit(EXIT_BUSY)
            if time.monotonic() - self._last > self._limit:
                note_failure(self._work, self._rank, BusyError(self._explanation()))
                os._exit(EXIT_BUSY)

    def _explanation(self) -> str:
        silent = [str(rank) for rank in range(self._ranks) if rank != self._rank and self._is_silent(rank)]
        who = f"rank {', '.join(silent)} has no heartbeat" if silent else "every rank is alive"
        key = "train.stall_seconds" if self._step else "train.start_seconds"
        return (
            f"training stalled: no step was finished in {self._limit:.0f} s after step {self._step}; {who}; "
            f"nothing was published: run the job again, or raise {key}"
        )

    def _is_silent(self, rank: int) -> bool:
        try:
            # Both times are the file system's, so clocks of different nodes do not matter.
            mine, other = (_heartbeat_file(self._work, each).stat().st_mtime for each in (self._rank, rank))
        except OSError:
            return True
        return mine - other > min(_SILENT_SECONDS, self._limit / 2)


def _heartbeat_file(work: Path, rank: int) -> Path:
    return work / f"alive-{rank}"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
