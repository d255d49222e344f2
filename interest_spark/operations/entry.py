"""What the journal says of one run of a job: how it went, and each of its steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Literal

from interest_spark.foundation.errors import EXIT_BAD_DATA, EXIT_BUSY, EXIT_OK
from interest_spark.foundation.resource_use import ResourceUse

Status = Literal["running", "done", "nothing_to_do", "failed", "blocked", "busy", "lost"]
"""`blocked`: bad data, nothing is published until a person has looked at it. `busy`: temporary, to be run again.
`lost`: it was running and gave no sign of life since; it was killed, or its machine is gone.
"""

HEARTBEAT = timedelta(seconds=30)
_SILENT_BEATS = 6


@dataclass(frozen=True)
class StepEntry:
    """One step for one day: when it began (UTC), how long it took and what of memory and exchange (entries of earlier
    releases do not say), what it published, or the error that ended it.
    """

    step: str
    day: str
    started: datetime
    seconds: float
    status: Status = "done"
    rows: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None
    use: ResourceUse = field(default_factory=ResourceUse)

    @property
    def total_rows(self) -> int:
        """Rows of all tables that it published."""
        return sum(self.rows.values())


@dataclass(frozen=True)
class RunEntry:
    """One run. `updated` is its last sign of life; times are UTC. `exit_code` is None while it runs."""

    run_id: str
    job: str
    day: str
    release: str
    host: str
    pid: int
    started: datetime
    updated: datetime
    status: Status = "running"
    exit_code: int | None = None
    error: str | None = None
    steps: tuple[StepEntry, ...] = ()
    current: tuple[tuple[str, str], ...] = ()
    """The steps that it is at, each with its day."""

    @property
    def seconds(self) -> float:
        """From its start to its end, or to its last sign of life."""
        return (self.updated - self.started).total_seconds()

    def status_at(self, now: datetime) -> Status:
        """Its status, `lost` where it says that it runs and has been silent for minutes."""
        silent = now - self.updated > _SILENT_BEATS * HEARTBEAT
        return "lost" if self.status == "running" and silent else self.status


def status_of(exit_code: int) -> Status:
    """How a run that failed has ended, by its exit code."""
    known: dict[int, Status] = {EXIT_OK: "done", EXIT_BAD_DATA: "blocked", EXIT_BUSY: "busy"}
    return known.get(exit_code, "failed")


def utc_now() -> datetime:
    """The present, in UTC."""
    return datetime.now(timezone.utc)
