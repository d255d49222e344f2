"""Accuracy against what lists are as a whole: a model that shows everybody the same is accurate and of little use."""

from collections.abc import Mapping
from typing import Any

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from interest_spark.evaluation.judged_rows import ACCURACY, Judged, kind_of
from interest_spark.evaluation.tally import MODEL
from interest_spark.reports.html.drawings import axes_of, drawing, label
from interest_spark.reports.html.judged import require_judged
from interest_spark.reports.html.source import AbsentError, ReportSource

_DRAWN = ("coverage", "novelty", "diversity")


def gather(source: ReportSource) -> Mapping[str, Any]:
    judged = require_judged(source)
    found = {metric: None for figures in judged.figures.values() for metric in figures}
    metrics = [metric for metric in found if kind_of(metric) not in ACCURACY]
    if not metrics:
        raise AbsentError("diversity.nothing", day=source.dt)
    drawn = [metric for metric in metrics if any(name in kind_of(metric) for name in _DRAWN)] or metrics
    colors = {name: to_hex(f"C{place % 10}") for place, name in enumerate(judged.contenders)}
    pictures = [(metric, drawing(_plot(judged, metric, colors), f"diversity-{metric}")) for metric in drawn]
    return {
        "accuracy": judged.metrics[0],
        "metrics": metrics,
        "rows": [(name, colors[name], judged.figures[name]) for name in judged.contenders],
        "pictures": pictures,
    }


def _plot(judged: Judged, metric: str, colors: Mapping[str, str]) -> Figure:
    """A dot a contender; who is who, the table's first column tells, as dots may lie on one another."""
    accuracy = judged.metrics[0]
    figure, axes = axes_of(3.4, 2.6)
    for name, color in colors.items():
        figures = judged.figures[name]
        if metric in figures and accuracy in figures:
            size = 9 if name == MODEL else 6
            axes.plot(
                figures[metric]["value"], figures[accuracy]["value"], "o", color=color, markersize=size, alpha=0.8
            )
    axes.set(xlabel=label(metric), ylabel=label(accuracy))
    axes.margins(0.15)
    return figure
