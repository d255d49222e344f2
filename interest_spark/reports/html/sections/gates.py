"""What the quality gates said of the day, and of the days before it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from interest_spark.features.gates.judge import ACCEPTED, BLOCKED, EXPECTED, OK, WARM_UP, WARNED
from interest_spark.reports.html.source import AbsentError, ReportSource, Row

STATES = (BLOCKED, ACCEPTED, WARNED, EXPECTED, OK, WARM_UP)
"""The gravest first."""
_MOST_FIGURES = 25


def gather(source: ReportSource) -> Mapping[str, Any]:
    rows = source.rows("gates", after=source.day_before(len(_days(source))), through=source.dt)
    today = [row for row in rows if row["dt"] == source.dt]
    if not today:
        raise AbsentError("page.no_rows", table="gates", day=source.dt)
    counts = {state: sum(row["state"] == state for row in today) for state in STATES}
    alarms = [row for row in today if row["state"] in (BLOCKED, ACCEPTED, WARNED, EXPECTED)]
    alarms.sort(key=lambda row: (STATES.index(row["state"]), row["figure"]))
    days = [day for day in _days(source) if any(row["dt"] == day for row in rows)]
    return {"counts": counts, "alarms": alarms, "days": days, "history": _history(rows, days)}


def _days(source: ReportSource) -> Sequence[str]:
    first, last = date.fromisoformat(source.first), date.fromisoformat(source.dt)
    return [(first + timedelta(number)).isoformat() for number in range((last - first).days + 1)]


def _history(rows: Sequence[Row], days: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """The states by day of the figures that ever alarmed, the most alarming first."""
    states: dict[str, dict[str, str]] = {}
    for row in rows:
        states.setdefault(f"{row['name']}: {row['figure']}", {})[row["dt"]] = row["state"]
    alarmed = {
        figure: sum(state in (BLOCKED, ACCEPTED, WARNED) for state in of_days.values())
        for figure, of_days in states.items()
    }
    chosen = sorted(
        (figure for figure, count in alarmed.items() if count), key=lambda figure: (-alarmed[figure], figure)
    )
    return [
        {"figure": figure, "states": [states[figure].get(day) for day in days]} for figure in chosen[:_MOST_FIGURES]
    ]
