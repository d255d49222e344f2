"""Which days an ingest run has to (re)read, and from which raw files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from interest_spark.config.sources import SourceConfig
from interest_spark.pipeline.job import JobContext
from interest_spark.sources.deliveries import Delivery, find_deliveries
from interest_spark.storage.warehouse import fingerprint

ATTRIBUTE_TABLES = {"items": "item_id", "users": "user_id"}


@dataclass(frozen=True)
class IngestPlan:
    """`days` to replace, ascending, with what each is made from; empty when they are committed already.

    A whole-history delivery has one fingerprint, also for the days that its events turn out to have.
    `attributes` are the tables whose newest values are to be published for the run's own day.
    """

    days: Sequence[str]
    made_from: dict[str, str]
    deliveries: dict[str, Sequence[Delivery]]  # by kind
    attributes: Sequence[str]
    whole_history: bool

    def fingerprint_of(self, day: str) -> str:
        return next(iter(self.made_from.values())) if self.whole_history else self.made_from[day]


def plan_ingest(context: JobContext) -> IngestPlan:
    """Compare what was delivered with what is committed.

    By day: the earliest day of the catch-up window whose delivery is new or changed, and every delivered day
    after it, since duplicates are judged in the order of days.
    """
    sources = context.config.sources
    first = context.day - timedelta(days=context.config.ingest.catch_up_days)
    deliveries: dict[str, Sequence[Delivery]] = {
        "events": find_deliveries(sources.events, "sources.events", first=first, last=context.day)
    }
    for kind in ATTRIBUTE_TABLES:
        source: SourceConfig | None = getattr(sources, kind)
        found = source and find_deliveries(source, f"sources.{kind}", first=first, last=context.day, required=False)
        deliveries[kind] = found or []
    if not sources.events.by_day:
        return _whole_history_plan(context, deliveries)
    delivered = sorted({delivery.day for delivery in deliveries["events"] if delivery.day})
    made_from = {day: _fingerprint(context, deliveries, day) for day in delivered}
    stale = [day for day in delivered if not context.warehouse.is_current("events", day, made_from[day])]
    days = [day for day in delivered if stale and day >= stale[0]]
    chosen: dict[str, Sequence[Delivery]] = {
        kind: [d for d in found if d.day is None or d.day in days] for kind, found in deliveries.items()
    }
    attributes = [kind for kind in ATTRIBUTE_TABLES if chosen[kind]]
    return IngestPlan(days, {day: made_from[day] for day in days}, chosen, attributes, whole_history=False)


def earlier_days(context: JobContext, plan: IngestPlan) -> dict[str, Any]:
    """The selection of committed events that a line of the first planned day can be a copy of."""
    if plan.whole_history:
        return {"through": ""}
    first = date.fromisoformat(plan.days[0])
    oldest = first - timedelta(days=context.config.ingest.max_late_days + 1)
    return {"after": oldest.isoformat(), "through": (first - timedelta(days=1)).isoformat()}


def _whole_history_plan(context: JobContext, deliveries: dict[str, Sequence[Delivery]]) -> IngestPlan:
    made_from = _fingerprint(context, deliveries, None)
    history = context.warehouse.history("events")
    done = bool(history) and made_from in history[0].days.values()
    attributes = [
        kind
        for kind in ATTRIBUTE_TABLES
        if deliveries[kind] and not context.warehouse.is_current(kind, context.dt, made_from)
    ]
    days = [] if done else [context.dt]
    return IngestPlan(days, {context.dt: made_from}, deliveries, attributes, whole_history=True)


def _fingerprint(context: JobContext, deliveries: dict[str, Sequence[Delivery]], day: str | None) -> str:
    config = context.config
    settings = config.ingest.model_dump(mode="json", exclude={"max_bad_share", "tolerated_reasons", "catch_up_days"})
    files = {kind: [d.identity for d in found if d.day in (None, day)] for kind, found in deliveries.items()}
    return fingerprint(files, settings, config.sources.model_dump(mode="json"), config.shop.time_zone)
