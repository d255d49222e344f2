"""The same figures for parts of the users and of the lists: where the model helps, and where it does not."""

from collections.abc import Mapping
from typing import Any

from interest_spark.reports.html.drawings import drawing, whiskers
from interest_spark.reports.html.judged import require_judged
from interest_spark.reports.html.source import AbsentError, ReportSource, Row

_MOST = 60


def gather(source: ReportSource) -> Mapping[str, Any]:
    judged = require_judged(source)
    metrics = judged.metrics
    parts = [(name, judged.parts[name]) for name in sorted(judged.parts) if metrics[0] in judged.parts[name]]
    if not parts:
        raise AbsentError("slices.nothing", day=source.dt)
    whole: Mapping[str, Row] = judged.figures["model"]
    rows = [("model", whole), *parts][:_MOST]
    picture = whiskers([row[metrics[0]] for _, row in rows], [name for name, _ in rows], metrics[0])
    return {
        "metrics": metrics,
        "rows": rows,
        "picture": drawing(picture, "slices"),
        "left_out": len(parts) + 1 - len(rows),
    }
