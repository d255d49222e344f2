"""Whom the shop may address: each audience's people by what became of them, and how its size was foretold."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from interest_spark.reports.html.drawings import ALARM, MODEL, OTHER, axes_of, drawing, label, sparkline
from interest_spark.reports.html.source import ReportSource, Row

_PARTS = {"addressed": (MODEL, 0.8), "held_out": (MODEL, 0.35), "capped": (OTHER, 0.6), "left_out": (ALARM, 0.5)}
"""What becomes of people, with colour and opacity."""


def gather(source: ReportSource) -> Mapping[str, Any]:
    source.require("audience_sizes")
    every = source.rows("audience_sizes", after=source.day_before(30), through=source.dt)
    rows = sorted((row for row in every if row["dt"] == source.dt), key=lambda row: row["priority"])
    shown = [_shown(row, [each for each in every if each["audience"] == row["audience"]]) for row in rows]
    overlaps = [
        {**row, "share": row["users"] / least}
        for row in source.rows("audience_overlaps")
        if (least := _least(row, rows))
    ]
    filled = [row for row in shown if row["eligible"] or row["left_out"]]
    return {
        "rows": shown,
        "overlaps": sorted(overlaps, key=lambda row: (-row["share"], row["audience"], row["other"]))[:10],
        "picture": drawing(_plot(filled), "audiences") if filled else None,
    }


def _shown(row: Row, of_audience: Sequence[Row]) -> Mapping[str, Any]:
    """The row with the sizes of the days up to it, and by how much the forecast for it was wrong."""
    sizes = [each["eligible"] for each in sorted(of_audience, key=lambda each: str(each["dt"]))]
    expected = row["expected"]
    return {
        **row,
        "left_out": row["opted_out"] + row["without_consent"],
        "error": (row["eligible"] - expected) / expected if expected else None,
        "sparkline": sparkline(sizes),
    }


def _least(overlap: Row, rows: Sequence[Row]) -> int:
    """The size of the smaller of the two audiences."""
    sizes = {row["audience"]: row["eligible"] for row in rows}
    return int(min(sizes.get(overlap["audience"], 0), sizes.get(overlap["other"], 0)))


def _plot(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """People of each audience side by side: addressed, held out, capped, and left out as they want it."""
    figure, axes = axes_of(5.4, 0.34 * len(rows) + 0.9)
    places = [-place for place in range(len(rows))]
    begins = [0] * len(rows)
    for name, (color, alpha) in _PARTS.items():
        counts = [row[name] for row in rows]
        axes.barh(places, counts, left=begins, color=color, alpha=alpha)
        begins = [begin + count for begin, count in zip(begins, counts, strict=True)]
    axes.set_yticks(places, [label(row["audience"]) for row in rows])
    axes.set(xlabel="n")
    return figure
