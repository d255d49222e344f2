"""Raw event logs to accepted events, quarantined lines and the ledger of what became of each."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from interest_spark.features.events.build import Account, EventBuild, KnownFile, build_events
from interest_spark.features.events.days import DayRules, LateEvents
from interest_spark.features.quality import check_bad_lines, check_bad_share, check_readable, warn_of
from interest_spark.foundation.dates import parse_zone
from interest_spark.foundation.digest import digest
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step, Target, through_day
from interest_spark.sources.canonical import CanonicalReader
from interest_spark.sources.deliveries import Delivery, find_deliveries
from interest_spark.sources.pieces import tasks_of
from interest_spark.storage.layout import Slice

_AS_OF = "as_of"
"""What a record says of days that were made as of now."""


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """The delivered days of the catch-up window, or the whole history where the source does not tell days apart.

    Copies are judged in the order of days, so a day that is new or changed makes those after it stale.
    """
    source = context.config.sources.events
    found = find_deliveries(source, "sources.events", first=_first_day(context), last=context.day)
    if _is_as_of_now(context):
        return _target_as_of_now(step, context, inputs, found)
    by_day: dict[str, list[Delivery]] = {}
    for delivery in found:
        by_day.setdefault(delivery.day or context.dt, []).append(delivery)
    from_by_day = {
        day: made_from(step, context, inputs, files=digest([delivery.identity for delivery in delivered]))
        for day, delivered in by_day.items()
    }
    return Target(from_by_day, whole_table=not source.by_day, in_order=True, findings=found)


def _is_as_of_now(context: RunContext) -> bool:
    """A whole history is as of now, whatever is configured."""
    return context.config.ingest.as_of == "now" and context.config.sources.events.by_day


def _first_day(context: RunContext) -> date:
    """Days as of now that are made already are looked at again for as long as something of them may be delivered."""
    settings = context.config.ingest
    return context.day - timedelta(max(settings.catch_up_days, settings.max_late_days * _is_as_of_now(context)))


def _target_as_of_now(step: Step, context: RunContext, inputs: Inputs, found: list[Delivery]) -> Target:
    """Each day from its own delivery and those after it that can hold its late events."""
    settings, known = context.config.ingest, _days_as_of_now(inputs)
    last = context.day + timedelta(settings.max_late_days)
    later = find_deliveries(
        context.config.sources.events,
        "sources.events",
        first=context.day + timedelta(1),
        last=last,
        required=False,
    )
    caught_up = context.days_before(settings.catch_up_days)
    days = {day for each in found if (day := each.day) and (day >= caught_up or day in known)}
    by_day = {day: [each for each in (*found, *later) if _can_be_of(day, each, context)] for day in days}
    from_by_day = {
        day: made_from(step, context, inputs, files=digest([each.identity for each in of_day]), **{_AS_OF: "now"})
        for day, of_day in by_day.items()
    }
    return Target(from_by_day, in_order=True, findings=[*found, *later])


def _can_be_of(day: str, delivery: Delivery, context: RunContext) -> bool:
    """Whether the delivery is the day's own, or may hold late events of it."""
    last = date.fromisoformat(day) + timedelta(context.config.ingest.max_late_days * _is_as_of_now(context))
    return delivery.day is None or day <= delivery.day <= last.isoformat()


def _days_as_of_now(inputs: Inputs) -> set[str]:
    """The committed days that were made as of now."""
    events = inputs["events"]
    records = ((each.day, events.snapshot.made_from(each)) for each in events.slices())
    return {day for day, record in records if record and _AS_OF in record.inputs}


def _check_late_events_stay(context: RunContext, inputs: Inputs, days: Sequence[str]) -> None:
    """Raise ConfigError where days after one to be made would hold its late events a second time, or nowhere."""
    committed = inputs["events"].snapshot
    for day in days:
        last = (date.fromisoformat(day) + timedelta(context.config.ingest.max_late_days)).isoformat()
        later = [each for each in committed.days(after=day, through=last) if each not in days]
        of_later = [committed.made_from(Slice(each)) for each in later]
        own = committed.made_from(Slice(day))
        was_now = own is not None and _AS_OF in own.inputs
        if _is_as_of_now(context) and not was_now and later:
            raise ConfigError(
                f"events of {later[0]} are there already and may hold late events of {day}; make {day} with "
                "ingest.as_of: arrival, or backfill as of now into an empty warehouse"
            )
        if not _is_as_of_now(context) and was_now and any(each and _AS_OF in each.inputs for each in of_later):
            raise ConfigError(
                f"events of {day} were made with ingest.as_of: now, and days after it leave their late events to it; "
                f"make {day} with ingest.as_of: now again"
            )


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    config, source = context.config, context.config.sources.events
    deliveries = [
        each for each in assignment.findings if any(_can_be_of(day, each, context) for day in assignment.days)
    ]
    reader = CanonicalReader("events", source, config.ingest.max_line_bytes)
    late = None
    if source.by_day:
        _check_late_events_stay(context, inputs, assignment.days)
    if _is_as_of_now(context):
        made = frozenset(assignment.days)
        late = LateEvents(made, made | _days_as_of_now(inputs))
    rules = DayRules(config.ingest, parse_zone(config.shop.time_zone), context.day, late)
    known = _known_files(context, inputs, assignment.days[0]) if source.by_day else []

    def check(accounts: Sequence[Account]) -> None:
        check_readable(fault for account in accounts for fault in account.faults)
        warn_of(note for account in accounts for note in account.notes)
        check_bad_lines(_lines_by_delivery(accounts, by_day=source.by_day), config.ingest)
        counts = _lines_by_day(accounts)
        check_bad_share(counts, config.ingest, whole_history=not source.by_day)
        get_logger().info("lines read", days=len(counts), by_reason=_total_by_reason(counts))

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        build = EventBuild(reader.read, rules, config.ingest.duplicate_keys, folders)
        return build_events(context.spark, build, tasks_of(context.spark.sparkContext, deliveries), known, check)

    return Result(write=write)


def _known_files(context: RunContext, inputs: Inputs, first_day: str) -> list[KnownFile]:
    """Those of the committed events that a line of `first_day` or later can be a copy of."""
    first, snapshot = date.fromisoformat(first_day), inputs["events"].snapshot
    oldest, last = first - timedelta(days=context.config.ingest.max_late_days + 1), first - timedelta(days=1)
    slices = snapshot.slices(after=oldest.isoformat(), through=last.isoformat())
    return [KnownFile(f"{snapshot.folder}/{path}", each.day) for each in slices for path in snapshot.files_of(each)]


def _lines_by_delivery(accounts: Sequence[Account], *, by_day: bool) -> Mapping[str | None, Counter[tuple[str, str]]]:
    """By file and reason; None is the day of the whole history."""
    deliveries: defaultdict[str | None, Counter[tuple[str, str]]] = defaultdict(Counter)
    for account in accounts:
        for (file, day, reason), lines in account.lines.items():
            deliveries[day if by_day else None][file, reason] += lines
    return deliveries


def _lines_by_day(accounts: Sequence[Account]) -> Mapping[str, Counter[str]]:
    days: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for account in accounts:
        for (_, day, reason), lines in account.lines.items():
            days[day][reason] += lines
    return days


def _total_by_reason(counts: Mapping[str, Counter[str]]) -> dict[str, int]:
    total = sum(counts.values(), Counter[str]())
    return {reason or "good": lines for reason, lines in total.items()}


def _days_made(context: RunContext) -> Selection:
    if not context.config.sources.events.by_day:
        return {}
    return {"after": (_first_day(context) - timedelta(1)).isoformat(), "through": context.dt}


EVENTS = Step(
    name="events",
    reads=(Read("events", through_day, exact=False),),
    writes=("quarantine", "ingest_ledger", "events"),
    settings=("ingest", "sources.events", "shop.time_zone"),
    irrelevant=(
        "ingest.max_bad_share",
        "ingest.max_bad_lines",
        "ingest.tolerated_reasons",
        "ingest.catch_up_days",
        "ingest.as_of",  # the record of days as of now says so itself
    ),
    revision=4,
    compute=_compute,
    target=_target,
    makes=_days_made,
)
