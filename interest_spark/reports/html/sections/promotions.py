"""Which model became champion when, and why others did not."""

from collections.abc import Mapping
from typing import Any

from interest_spark.reports.html.source import AbsentError, ReportSource

_MOST = 40


def gather(source: ReportSource) -> Mapping[str, Any]:
    rows = source.rows("promotions", through=source.dt)
    if not rows:
        raise AbsentError("promotions.nothing", day=source.dt)
    return {"rows": rows[::-1][:_MOST], "left_out": max(len(rows) - _MOST, 0)}
