"""How the make-up of the day's events and scores has moved against the days before."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from interest_spark.reports.html.drawings import ALARM, MODEL, OTHER, axes_of, drawing
from interest_spark.reports.html.source import AbsentError, ReportSource, Row

_PREFIX = "drift:"
_REFERENCE_DAYS = 14
_LABELS = 6
_ALARMS = ("warned", "blocked", "accepted")


def gather(source: ReportSource) -> Mapping[str, Any]:
    rows = [
        row
        for row in source.rows("gates", after=source.day_before(30), through=source.dt)
        if row["figure"].startswith(_PREFIX)
    ]
    series: dict[str, list[Row]] = {}
    for row in rows:
        series.setdefault(row["figure"].removeprefix(_PREFIX), []).append(row)
    series = {name: days for name, days in sorted(series.items()) if days[-1]["dt"] == source.dt}
    if not series:
        raise AbsentError("drift.nothing", day=source.dt)
    figures = [{"name": name, "row": days[-1], "shares": _shares(days)} for name, days in series.items()]
    pictures = [(name, drawing(_plot(days), f"drift-{name}")) for name, days in series.items() if len(days) > 1]
    return {"figures": figures, "pictures": pictures}


def _shares(days: Sequence[Row]) -> Sequence[Mapping[str, Any]]:
    """The labels whose shares moved most, with their shares of the day and of the days before."""
    now = dict(days[-1]["shares"] or ())
    earlier = [dict(day["shares"]) for day in days[:-1] if day["shares"]][-_REFERENCE_DAYS:]
    if not now or not earlier:
        return []
    usual = {name: sum(day.get(name, 0.0) for day in earlier) / len(earlier) for name in {*now, *earlier[-1]}}
    moved = sorted(usual, key=lambda name: (-abs(now.get(name, 0.0) - usual[name]), name))
    return [{"label": name, "now": now.get(name, 0.0), "usual": usual[name]} for name in moved[:_LABELS]]


def _plot(days: Sequence[Row]) -> Figure:
    figure, axes = axes_of(3.4, 1.9)
    places = range(len(days))
    axes.plot(places, [day["value"] for day in days], color=MODEL, marker=".")
    bounds = [(place, day["high"]) for place, day in zip(places, days, strict=True) if day["high"] is not None]
    if bounds:
        axes.plot(*zip(*bounds, strict=True), color=OTHER, linestyle="--", linewidth=1)
    alarms = [(place, day["value"]) for place, day in zip(places, days, strict=True) if day["state"] in _ALARMS]
    if alarms:
        axes.plot(*zip(*alarms, strict=True), "o", color=ALARM)
    axes.set_xticks([0, len(days) - 1], [days[0]["dt"][5:], days[-1]["dt"][5:]])
    axes.set_ylim(bottom=0)
    return figure
