"""From yesterday to today in one sentence."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
from markupsafe import Markup

from interest_spark.evaluation.judged_rows import Judged
from interest_spark.evaluation.tally import MODEL
from interest_spark.reports.html.judged import judged_on
from interest_spark.reports.html.numbers import figure, whole
from interest_spark.reports.html.source import AbsentError, ReportSource, Row, collected
from interest_spark.reports.html.texts import text


def gather(source: ReportSource) -> Mapping[str, Any]:
    parts = list(_parts(source))
    if not parts:
        raise AbsentError("page.nothing", day=source.dt)
    return {"sentence": Markup(" ").join(parts)}


def _parts(source: ReportSource) -> Iterator[Markup]:
    before = source.day_before(1)
    now, then = (_accepted(source, day) for day in (source.dt, before))
    if now is not None:
        yield _compared("events", now, then, whole, day=source.dt)
    now, then = (_lists(source, day) for day in (source.dt, before))
    if now is not None:
        yield _compared("lists", now, then, whole)
    today, yesterday = judged_on(source, source.dt), judged_on(source, before)
    if today is not None and today.metrics:
        metric = today.metrics[0]
        value, row = today.figures[MODEL][metric]["value"], _figures(yesterday).get(metric)
        yield _compared("accuracy", value, row["value"] if row else None, figure, metric=metric)
    for kind in ("items", "users"):
        if getattr(source.config.sources, kind) is not None and not source.table(kind).days(through=source.dt):
            yield text("summary.no_source", kind=kind)
    blocked = sum(row["state"] == "blocked" for row in source.rows("gates"))
    if blocked:
        yield text("summary.blocked", count=blocked)


def _figures(judged: Judged | None) -> Mapping[str, Row]:
    return judged.figures.get(MODEL, {}) if judged else {}


def _compared(key: str, now: float, then: float | None, form: Any, **values: str) -> Markup:
    if then is None:
        return text(f"summary.{key}", now=form(now), **values)
    percent = "" if not then else f" ({100 * (now - then) / then:+.1f} %)"
    return text(f"summary.{key}_since", now=form(now), then=form(then), percent=percent, **values)


def _accepted(source: ReportSource, day: str) -> int | None:
    rows = source.rows("ingest_ledger", day=day, name="events")
    return sum(row["accepted"] for row in rows) if rows else None


def _lists(source: ReportSource, day: str) -> int | None:
    """Users with suggestions."""
    if source.served is None or not source.table("recommendations").slices(day=day, name=source.served):
        return None
    with source.scan("recommendations", "rank", day=day, name=source.served) as rows:
        return int(collected(rows.filter(pl.col("rank") == 1).select(pl.len())).item())
