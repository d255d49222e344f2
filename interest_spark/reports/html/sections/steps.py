"""Time, rows, memory and exchange of each step over the last days, by the journal of runs."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from interest_spark.operations.entry import StepEntry
from interest_spark.reports.html.source import WINDOW_DAYS, AbsentError, ReportSource


def gather(source: ReportSource) -> Mapping[str, Any]:
    entries = [
        step
        for run in source.runs
        for step in run.steps
        if source.first <= step.day <= source.dt and step.error is None
    ]
    if not entries:
        raise AbsentError("steps.nothing", days=WINDOW_DAYS, day=source.dt)
    runs: dict[str, list[StepEntry]] = {}
    for step in sorted(entries, key=lambda step: (step.day, step.started)):
        runs.setdefault(step.step, []).append(step)
    rows = [_row(name, of_step) for name, of_step in sorted(runs.items(), key=lambda each: each[1][-1].started)]
    failed = sum(step.error is not None for run in source.runs for step in run.steps)
    return {"rows": rows, "days": WINDOW_DAYS, "total": sum(row["seconds"] for row in rows), "failed": failed}


def _row(name: str, runs: Sequence[StepEntry]) -> Mapping[str, Any]:
    by_day = {run.day: run for run in sorted(runs, key=lambda run: run.started)}  # the last one of a day counts
    days = [by_day[day] for day in sorted(by_day)]
    newest = days[-1]
    return {
        "name": name,
        "day": newest.day,
        "runs": len(runs),
        "seconds": newest.seconds,
        "usual": median(run.seconds for run in days),
        "course": [run.seconds for run in days],
        "rows": newest.total_rows,
        "rate": newest.total_rows / max(newest.seconds, 1e-3),
        "use": newest.use,
    }
