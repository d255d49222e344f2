"""Raw event logs to accepted events, quarantined lines and the ledger of what became of each."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from interest_spark.config.day_path import DayPath
from interest_spark.features.events.build import Account, EventBuild, KnownFile, build_events
from interest_spark.features.events.days import DayRules
from interest_spark.features.examples import first_of, in_words
from interest_spark.features.quality import check_bad_lines, check_bad_share, check_readable, warn_of, warn_of_unread
from interest_spark.foundation.dates import parse_zone
from interest_spark.foundation.digest import digest
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step, Target, through_day
from interest_spark.sources.contents import Contents, as_known, contents_of, still_known
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.event_sources import EventReader, find_event_deliveries
from interest_spark.sources.pieces import tasks_of
from interest_spark.steps.as_of_now import (
    MARK,
    can_hold,
    days_as_of_now,
    is_as_of_now,
    late_days,
    late_events,
    later_deliveries,
)
from interest_spark.steps.late_files import FILES, warn_of_late_files
from interest_spark.steps.refusal import forgetting_refused, keeping_refused
from interest_spark.storage.layout import Slice


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """The delivered days of the catch-up window, or the whole history where the source does not tell days apart.

    Copies are judged in the order of days, so a day that is new or changed makes those after it stale.
    """
    sources = context.config.sources
    required = context.config.ingest.missing_days == "refuse" or not sources.by_day
    found = find_event_deliveries(sources, first=_first_day(context), last=context.day, required=required)
    there = {each.source for each in found if each.day in (None, context.dt)}
    for source in (each for place, each in enumerate(sources.of_events) if place not in there):
        get_logger().warning("nothing was delivered for the day", path=DayPath(source.path).on(context.day))
    every, mark = [*found, *later_deliveries(context)], MARK if is_as_of_now(context) else {}
    warn_of_late_files(context, inputs["events"])
    from_by_day, days = {}, _days_to_make(context, inputs, found)
    known = _known_contents(context, inputs, days)
    every = as_known(every, known)
    for day in days:
        identities = [each.identity for each in every if can_hold(each, day, context)]
        from_by_day[day] = made_from(step, context, inputs, **{FILES: digest(identities)}, **mark)
    read = _Read(every, still_known(every, known))
    return Target(from_by_day, whole_table=not sources.by_day, in_order=True, findings=read, files=read.contents)


@dataclass(frozen=True)
class _Read:
    """The deliveries of all days, and what is known of their files, which the run's record tells."""

    deliveries: Sequence[Delivery]
    contents: dict[str, str]


def _known_contents(context: RunContext, inputs: Inputs, days: Sequence[str]) -> Contents:
    """What is known of the files that the committed days were made from."""
    snapshot = inputs["events"].snapshot
    slices = [Slice(day) for day in days] if context.config.sources.by_day else snapshot.slices()[-1:]
    records = (snapshot.record(each) for each in slices)
    return {path: content for record in records if record is not None for path, content in record.files.items()}


def _first_day(context: RunContext) -> date:
    """The first day that is looked at."""
    return context.day - timedelta(max(context.config.ingest.catch_up_days, late_days(context)))


def _days_to_make(context: RunContext, inputs: Inputs, found: Sequence[Delivery]) -> Sequence[str]:
    """Those delivered of the catch-up window, and those before it that are kept as of now; ascending."""
    caught_up = context.days_before(context.config.ingest.catch_up_days)
    known = days_as_of_now(context, inputs["events"], context.dt) if is_as_of_now(context) else ()
    days = {each.day or context.dt for each in found}
    return sorted(day for day in days if day >= caught_up or day in known)


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    config, sources = context.config, context.config.sources
    every, contents = assignment.findings.deliveries, assignment.findings.contents
    deliveries = [each for each in every if any(can_hold(each, day, context) for day in assignment.days)]
    reader = EventReader(sources, config.ingest.max_line_bytes)
    late = late_events(context, inputs["events"], assignment.days)
    delivery_zone = parse_zone(sources.delivery_zone) if sources.delivery_zone else None
    rules = DayRules(config.ingest, parse_zone(config.shop.time_zone), context.day, late, delivery_zone)
    known = _known_files(context, inputs, assignment.days[0]) if sources.by_day else []
    details: dict[str, Any] = {}  # known once the lines are read
    source_of = {each.path: each.source for each in deliveries}

    def check(accounts: Sequence[Account]) -> None:
        with keeping_refused(context, "events", accounts):
            judge(accounts)

    def judge(accounts: Sequence[Account]) -> None:
        check_readable(fault for account in accounts for fault in account.faults)
        warn_of(note for account in accounts for note in account.notes)
        examples = first_of(account.examples for account in accounts)
        time_formats = {path: sources.of_events[place].time_format for path, place in source_of.items()}
        for_example = partial(in_words, examples, time_formats)
        check_bad_lines(_lines_by_delivery(accounts, by_day=sources.by_day), config.ingest, for_example)
        counts = _lines_by_day(accounts)
        check_bad_share(counts, config.ingest, for_example, whole_history=not sources.by_day)
        warn_of_unread(sum((Counter(each.beside) for each in accounts), Counter()), examples)
        get_logger().info("lines read", days=len(counts), by_reason=_total_by_reason(counts))
        if len(sources.of_events) > 1:
            for place, reasons in sorted(_lines_by_source(accounts, source_of).items()):
                details.setdefault("sources", {})[sources.key_of(place)] = _total_by_reason({"": reasons})

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        tasks = tasks_of(context.spark.sparkContext, deliveries, reader.settings)
        build = EventBuild(reader.read, rules, config.ingest.duplicate_keys, folders)
        written = build_events(context.spark, build, tasks, known, check)
        new = [each for each in deliveries if each.path not in contents]
        contents.update(contents_of(new, lambda: context.spark.sparkContext))
        return written

    return Result(write=write, details=details, finish=forgetting_refused(context, "events"))


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


def _lines_by_source(accounts: Sequence[Account], source_of: Mapping[str, int]) -> Mapping[int, Counter[str]]:
    sources: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for account in accounts:
        for (file, _, reason), lines in account.lines.items():
            sources[source_of[file]][reason] += lines
    return sources


def _total_by_reason(counts: Mapping[str, Counter[str]]) -> dict[str, int]:
    total = sum(counts.values(), Counter[str]())
    return {reason or "good": lines for reason, lines in total.items()}


def _days_made(context: RunContext) -> Selection:
    if not context.config.sources.by_day:
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
        "ingest.missing_days",
        "ingest.as_of",  # the record of days as of now says so itself
    ),
    revision=6,
    compute=_compute,
    target=_target,
    makes=_days_made,
)
