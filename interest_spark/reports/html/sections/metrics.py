"""How good the lists were, with intervals, beside baselines and the champion, and the differences to each of them."""

from collections.abc import Mapping
from typing import Any

from interest_spark.reports.html.drawings import drawing, whiskers
from interest_spark.reports.html.judged import require_judged
from interest_spark.reports.html.source import ReportSource


def gather(source: ReportSource) -> Mapping[str, Any]:
    judged = require_judged(source)
    first, contenders = judged.metrics[0], judged.contenders
    shown = [name for name in contenders if first in judged.figures[name]]
    picture = whiskers([judged.figures[name][first] for name in shown], shown, first)
    differences = [
        row
        for name in contenders
        for metric in judged.metrics
        if (row := judged.differences.get(name, {}).get(metric)) is not None
    ]
    return {
        "metrics": judged.metrics,
        "contenders": [(name, judged.figures[name]) for name in contenders],
        "differences": differences,
        "picture": drawing(picture, "metrics"),
    }
