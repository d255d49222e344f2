"""Runs as the journal has them, for tests."""

from datetime import datetime, timedelta, timezone
from typing import Any

from interest_spark.operations.entry import RunEntry, StepEntry

BEGIN = datetime(2026, 1, 3, 2, 0, tzinfo=timezone.utc)


def step_entry(step: str = "events", day: str = "2026-01-02", **changes: Any) -> StepEntry:
    """A step that published ten rows in two seconds."""
    given = {"started": BEGIN, "seconds": 2.0, "rows": {step: 10}, "versions": {step: 3}, **changes}
    return StepEntry(step, day, **given)


def run_entry(run_id: str = "r1", minutes: float = 0.0, **changes: Any) -> RunEntry:
    """A run of `daily` that began so many minutes after BEGIN and succeeded a minute later."""
    started = BEGIN + timedelta(minutes=minutes)
    given = {
        **{"job": "daily", "day": "2026-01-02", "release": "1", "host": "node", "pid": 7, "started": started},
        **{"updated": started + timedelta(minutes=1), "status": "done", "exit_code": 0},
        **changes,
    }
    return RunEntry(run_id, **given)
