"""Accuracy against what lists are as a whole: a model that shows everybody the same is accurate and of little use."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from interest_spark.reports.html.drawings import MODEL, OTHER, drawing, label
from interest_spark.reports.html.judged import ACCURACY, Judged, kind_of, require_judged
from interest_spark.reports.html.source import AbsentError, ReportSource

_DRAWN = ("coverage", "novelty", "diversity")
_MODEL = "model"


def gather(source: ReportSource) -> Mapping[str, Any]:
    judged = require_judged(source)
    found = {metric: None for figures in judged.figures.values() for metric in figures}
    metrics = [metric for metric in found if kind_of(metric) not in ACCURACY]
    if not metrics:
        raise AbsentError("diversity.nothing", day=source.dt)
    drawn = [metric for metric in metrics if any(name in kind_of(metric) for name in _DRAWN)] or metrics
    return {
        "accuracy": judged.metrics[0],
        "metrics": metrics,
        "rows": [(name, judged.figures[name]) for name in judged.contenders],
        "picture": drawing(_plot(judged, drawn[: len(_DRAWN)]), "diversity"),
    }


def _plot(judged: Judged, metrics: Sequence[str]) -> Figure:
    accuracy = judged.metrics[0]
    figure = Figure(figsize=(3.2 * len(metrics), 3.0), layout="constrained")
    for axes, metric in zip(figure.subplots(1, len(metrics), squeeze=False).flat, metrics, strict=True):
        for name, figures in judged.figures.items():
            if metric in figures and accuracy in figures:
                point = figures[metric]["value"], figures[accuracy]["value"]
                axes.plot(*point, "o", color=MODEL if name == _MODEL else OTHER)
                axes.annotate(label(name), point, textcoords="offset points", xytext=(4, 4), fontsize=7)
        axes.set(xlabel=label(metric), ylabel=label(accuracy))
        axes.margins(0.25)
        axes.grid(alpha=0.3)
    return figure
