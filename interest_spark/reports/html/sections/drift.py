"""How the make-up of the day's events and scores has moved against the days before."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from interest_spark.reports.html.drawings import ALARM, MODEL, OTHER, drawing, label
from interest_spark.reports.html.source import AbsentError, ReportSource, Row

_PREFIX = "drift:"
_REFERENCE_DAYS = 14
_LABELS = 6
_COLUMNS = 3


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
    return {"figures": figures, "picture": drawing(_plot(series), "drift")}


def _shares(days: Sequence[Row]) -> Sequence[Mapping[str, Any]]:
    """The labels whose shares moved most, with their shares of the day and of the days before."""
    now = dict(days[-1]["shares"] or ())
    earlier = [dict(day["shares"]) for day in days[:-1] if day["shares"]][-_REFERENCE_DAYS:]
    if not now or not earlier:
        return []
    usual = {name: sum(day.get(name, 0.0) for day in earlier) / len(earlier) for name in {*now, *earlier[-1]}}
    moved = sorted(usual, key=lambda name: (-abs(now.get(name, 0.0) - usual[name]), name))
    return [{"label": name, "now": now.get(name, 0.0), "usual": usual[name]} for name in moved[:_LABELS]]


def _plot(series: Mapping[str, Sequence[Row]]) -> Figure:
    lines = -(-len(series) // _COLUMNS)
    figure = Figure(figsize=(8.4, 1.9 * lines), layout="constrained")
    all_axes = figure.subplots(lines, _COLUMNS, squeeze=False).flat
    for axes, (name, days) in zip(all_axes, series.items(), strict=False):
        places = range(len(days))
        axes.plot(places, [day["value"] for day in days], color=MODEL, marker=".")
        bounds = [(place, day["high"]) for place, day in zip(places, days, strict=True) if day["high"] is not None]
        if bounds:
            axes.plot(*zip(*bounds, strict=True), color=OTHER, linestyle="--", linewidth=1)
        alarms = [
            (place, day["value"])
            for place, day in zip(places, days, strict=True)
            if day["state"] in ("warned", "blocked", "accepted")
        ]
        if alarms:
            axes.plot(*zip(*alarms, strict=True), "o", color=ALARM)
        axes.set_title(label(name), fontsize=9)
        ends = [0, len(days) - 1] if len(days) > 1 else [0]
        axes.set_xticks(ends, [days[end]["dt"][5:] for end in ends])
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    for axes in list(all_axes):
        axes.axis("off")
    return figure
