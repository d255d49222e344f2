"""A run that is at work, as the journal has it: its start, a sign of life every so often, its steps and its end."""

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from interest_spark import __version__
from interest_spark.foundation.errors import InterestError
from interest_spark.foundation.locations import Location
from interest_spark.foundation.log import get_logger
from interest_spark.foundation.resource_use import ResourceUse
from interest_spark.foundation.shown import shown_error
from interest_spark.foundation.temporary import temporary_failure
from interest_spark.operations.entry import HEARTBEAT, RunEntry, Status, StepEntry, status_of, utc_now
from interest_spark.operations.journal import Journal


@dataclass
class StepRecord:
    """What is told of a step once it is done: what it has published, by table, and taken, or that it was current."""

    nothing_to_do: bool = False
    rows: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    use: ResourceUse = field(default_factory=ResourceUse)


class Recorder:
    """Tells the journal of one run; several threads may run steps. A journal that cannot be written ends no run."""

    def __init__(self, warehouse: Location, job: str, day: str, run_id: str) -> None:
        self._journal = Journal(warehouse)
        now = utc_now()
        self._entry = RunEntry(run_id, job, day, __version__, socket.gethostname(), os.getpid(), now, now)
        self._lock = threading.Lock()
        self._ended = threading.Event()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Keep the journal's entry up to date while the run is at work; `end` it before leaving."""
        self._update()
        beat = threading.Thread(target=self._beat, name="journal", daemon=True)
        beat.start()
        try:
            yield
        finally:
            self._ended.set()
            beat.join()

    @contextmanager
    def step(self, name: str, day: str) -> Iterator[StepRecord]:
        """Record a step and how it ends; the caller fills in the record. One that was current leaves no trace."""
        started, clock, record = utc_now(), time.monotonic(), StepRecord()
        status: Status = "failed"
        error: str | None = "interrupted"
        with self._at_work((name, day)):
            try:
                yield record
                status, error = "done", None
            except Exception as failure:
                status, error = _status_of_failure(failure), shown_error(failure)
                raise
            finally:
                if not record.nothing_to_do:
                    seconds = round(time.monotonic() - clock, 3)
                    made = record.rows, record.versions
                    self._add(StepEntry(name, day, started, seconds, status, *made, error, record.use))

    def end(self, status: Status, exit_code: int, error: str | None = None) -> RunEntry:
        """The run is over; returns what the journal says of it from now on."""
        self._ended.set()
        self._update(status=status, exit_code=exit_code, error=error)
        return self._entry

    @contextmanager
    def _at_work(self, step: tuple[str, str]) -> Iterator[None]:
        with self._lock:
            self._entry = replace(self._entry, current=(*self._entry.current, step))
        try:
            yield
        finally:
            with self._lock:
                self._entry = replace(self._entry, current=_without(self._entry.current, step))

    def _add(self, step: StepEntry) -> None:
        with self._lock:
            self._entry = replace(self._entry, steps=(*self._entry.steps, step))

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT.total_seconds()):
            self._update()

    def _update(self, **changes: Any) -> None:
        with self._lock:
            self._entry = replace(self._entry, updated=utc_now(), **changes)
            try:
                self._journal.write(self._entry)
            except (OSError, InterestError) as error:
                get_logger().warning("the journal of runs was not written", reason=str(error))


class Unrecorded:
    """Stands where a run is looked at, planned or tested, and nobody is to be told."""

    @contextmanager
    def step(self, name: str, day: str) -> Iterator[StepRecord]:
        """As Recorder.step."""
        yield StepRecord()


def _status_of_failure(failure: Exception) -> Status:
    expected = failure if isinstance(failure, InterestError) else temporary_failure(failure)
    return status_of(expected.exit_code) if expected else "failed"


def _without(steps: tuple[tuple[str, str], ...], step: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    place = steps.index(step)
    return steps[:place] + steps[place + 1 :]
