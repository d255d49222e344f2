"""The figures of many judged days: a table on the terminal, and lines over time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from interest_spark.evaluation.tally import MODEL
from interest_spark.foundation.streams import terminal
from interest_spark.storage.warehouse import Warehouse

_MOST_DATES = 16  # that have their text below the plot

Row = Mapping[str, Any]
Figures = Mapping[str, Mapping[str, Mapping[str, Row]]]
"""By metric, contender and day the row of `metrics`; the model is the first contender, days are ascending."""


def figures_of(warehouse: Warehouse, name: str, metrics: Sequence[str], days: Iterable[str]) -> Figures:
    """These metrics, of the model of that name and of each contender, on those of these days that are judged."""
    table = warehouse.open("metrics")
    found: dict[str, dict[str, dict[str, Row]]] = {metric: {} for metric in metrics}
    for day in sorted(days):
        for row in table.read_small(day=day, name=name).to_pylist():
            is_whole = ":" not in row["slice"] and row.get("against") is None and row["value"] is not None
            if is_whole and row["metric"] in found:
                found[row["metric"]].setdefault(row["slice"], {})[day] = row
    return {metric: dict(sorted(by.items(), key=_model_first)) for metric, by in found.items() if by}


def _model_first(item: tuple[str, Any]) -> tuple[bool, str]:
    return item[0] != MODEL, item[0]


def print_days(figures: Figures) -> None:
    """A line a metric and day, a column a contender."""
    contenders = list(dict.fromkeys(name for by in figures.values() for name in by))
    table = Table("metric", "day", *contenders, "95 % of the model")
    for metric, by in figures.items():
        for day in sorted({day for rows in by.values() for day in rows}):
            found = {name: by[name][day] for name in contenders if day in by.get(name, {})}
            cells = (f"{found[name]['value']:.4f}" if name in found else "" for name in contenders)
            table.add_row(metric, day, *cells, _interval(found.get(MODEL)))
    terminal().print(table)


def _interval(row: Row | None) -> str:
    return "" if row is None or row["low"] is None else f"{row['low']:.4f} … {row['high']:.4f}"


def plot_days(figures: Figures, title: str, folder: Path) -> list[Path]:
    """A panel a metric, a line a contender, the 95 % interval of the model as a band; as SVG and as PNG."""
    figure = Figure(figsize=(8, 1 + 2.6 * max(len(figures), 1)), layout="constrained")
    axes = figure.subplots(max(len(figures), 1), sharex=True, squeeze=False)[:, 0]
    for place, (metric, by) in zip(axes, figures.items(), strict=False):
        for name, rows in by.items():
            days = [date.fromisoformat(day) for day in rows]
            (line,) = place.plot(days, [row["value"] for row in rows.values()], "o-", markersize=4, label=name)
            if name == MODEL:
                bounds = [(row["low"], row["high"]) for row in rows.values()]
                low, high = np.array(bounds, np.float64).T  # no bounds are NaN, which is not drawn
                place.fill_between(days, low, high, color=line.get_color(), alpha=0.2)
        place.set(ylabel=metric, ylim=(0, None))
        place.grid(alpha=0.3)
    axes[0].set_title(title)
    axes[0].legend(loc="best", frameon=False)
    judged = sorted({date.fromisoformat(day) for by in figures.values() for rows in by.values() for day in rows})
    axes[-1].set_xticks(judged[:: 1 + len(judged) // _MOST_DATES])
    figure.autofmt_xdate()
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(
        {"svg.hashsalt": "interest_spark", "svg.fonttype": "none"}
    ):  # equal figures, equal bytes
        figure.savefig(folder / "figures.svg", format="svg", metadata={"Date": None})
        figure.savefig(folder / "figures.png", format="png", dpi=120, metadata={"Software": None})
    return [folder / "figures.svg", folder / "figures.png"]
