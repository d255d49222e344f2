"""Failures that nobody has mended yet, by the journal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from interest_spark.operations.entry import RunEntry, StepEntry

_GOOD = ("done", "nothing_to_do")


@dataclass(frozen=True)
class Failure:
    """How a step for a day ended last, or a whole run with `step` "" that failed outside of any step; `at` is UTC."""

    at: datetime
    job: str
    day: str
    step: str
    status: str
    error: str


def open_failures(entries: Iterable[RunEntry]) -> list[Failure]:
    """Newest first; `entries` are oldest first.

    A failure is over when the step has been made for that day, or when its job has succeeded for that day: that job
    found the step current, or does not have it any longer.
    """
    last: dict[tuple[str, str], Failure] = {}
    for entry in entries:
        for step in entry.steps:
            last.pop((step.step, step.day), None)
            if step.error is not None:
                last[step.step, step.day] = _of_step(entry, step)
        if entry.status in _GOOD:
            last = {key: each for key, each in last.items() if (each.job, each.day) != (entry.job, entry.day)}
        elif entry.status != "running" and not any(step.error for step in entry.steps):
            last[f"job {entry.job}", entry.day] = _of_run(entry)
    return sorted(last.values(), key=lambda failure: failure.at, reverse=True)


def lost_runs(entries: Sequence[RunEntry], now: datetime) -> list[RunEntry]:
    """Runs that have ended without a word, unless the same job was run for the same day after them."""
    last = {(each.job, each.day): each for each in entries}
    return [each for each in last.values() if each.status_at(now) == "lost"]


def _of_step(entry: RunEntry, step: StepEntry) -> Failure:
    ended = step.started + timedelta(seconds=step.seconds)
    return Failure(ended, entry.job, step.day, step.step, step.status, step.error or "")


def _of_run(entry: RunEntry) -> Failure:
    return Failure(entry.updated, entry.job, entry.day, "", entry.status, entry.error or "")
