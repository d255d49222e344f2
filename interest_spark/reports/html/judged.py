"""What was judged of a day, as sections of the page look at it."""

from interest_spark.evaluation.judged_rows import Judged, told_apart
from interest_spark.reports.html.source import AbsentError, ReportSource


def judged_on(source: ReportSource, dt: str) -> Judged | None:
    """What was judged on a day: the served model's lists, where there are any; None where nothing was."""
    names = [each.name for each in source.table("metrics").slices(day=dt)]
    if not names:
        return None
    wanted = source.config.model_name
    name = next((name for name in (wanted, f"backtest-{wanted}") if name in names), names[0])
    return told_apart(name, source.rows("metrics", day=dt, name=name))


def require_judged(source: ReportSource) -> Judged:
    """What was judged on the report's day. Raises AbsentError where nothing was, or nothing of accuracy."""
    judged = judged_on(source, source.dt)
    if judged is None or not judged.metrics:
        raise AbsentError("page.not_judged", day=source.dt)
    return judged
