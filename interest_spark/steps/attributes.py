"""Delivered items and users to the latest known attributes of each as of the day; and campaigns and lists of people
likewise.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from interest_spark.applications.coupons.campaigns import CampaignBuild
from interest_spark.config.day_path import DayPath
from interest_spark.config.ingest import IngestConfig
from interest_spark.config.source import SourceConfig
from interest_spark.config.sources import LISTS
from interest_spark.features.attributes import Account, AttributeBuild, build_attributes
from interest_spark.features.day_files import day_files
from interest_spark.features.examples import first_of, in_words
from interest_spark.features.ingest import write_ledger
from interest_spark.features.quality import (
    check_any_good,
    check_bad_lines,
    check_readable,
    until_too_many_bad_lines,
    warn_of,
    warn_of_unread,
)
from interest_spark.foundation.dates import day_end, parse_zone
from interest_spark.foundation.digest import digest
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Newest, Read, Result, Selection, Step, Target
from interest_spark.sources.canonical import CanonicalReader
from interest_spark.sources.contents import Contents, as_known, contents_of, still_known
from interest_spark.sources.deliveries import Delivery, find_deliveries
from interest_spark.sources.pieces import Piece, tasks_of
from interest_spark.steps.refusal import forgetting_refused, keeping_refused

if TYPE_CHECKING:
    import polars as pl

_PREVIOUS = "previous"

_FIRST_LOOK_DAYS = 1_096
"""How far back the first run looks for lists of people: whoever has opted out before it is not to be forgotten."""


Build = type[AttributeBuild[Iterable[Piece]]]


def _attributes_step(kind: str, *keys: str, build_of: Build = AttributeBuild) -> Step:
    """The step that keeps the table `kind`, whose rows are known by their `keys`, as such a build makes them."""

    def inapplicable(context: RunContext, inputs: Inputs) -> str | None:
        source = _source(context, kind)
        if source is None:
            return f"sources.{kind} is not configured"
        if _deliveries(context, kind):
            return None
        # Days without news are ordinary, a source that has never brought anything is not.
        if not (source.by_day and context.warehouse.days(kind, through=context.dt)):
            get_logger().warning(
                f"no file matches sources.{kind}.path; correct it, or leave the source out",
                path=DayPath(source.path).on(context.day),
            )
        return f"no {kind} were delivered"

    def target(step: Step, context: RunContext, inputs: Inputs) -> Target:
        known = _known_contents(context, inputs)
        found = as_known(_deliveries(context, kind), known)
        prints = {f"files of {day}": digest(files) for day, files in _identities(found).items()}
        new = [each for each in found if _is_new(each, prints, inputs)]
        read = _Read(new, still_known(found, known))
        return Target({context.dt: made_from(step, context, inputs, **prints)}, findings=read, files=read.contents)

    def compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
        source, ingest = _configured(context, kind), context.config.ingest
        reader = CanonicalReader(kind, source, ingest.max_line_bytes)
        previous = inputs[_PREVIOUS]
        earlier = day_files(previous.snapshot, previous.slices())
        lines, beside, shared = Counter[tuple[str, str]](), Counter[tuple[str, str]](), _shares_files(context, kind)

        def read(pieces: Iterable[Piece]) -> "Iterator[pl.DataFrame]":
            return until_too_many_bad_lines(reader.read(pieces), ingest)

        def check(accounts: Sequence[Account]) -> None:
            with keeping_refused(context, kind, accounts):
                _check(accounts, source, ingest)
            if not shared:  # else they lie in the event log's own lines, which are accounted for already
                lines.update(_by_file(accounts))
                beside.update(sum((each.beside for each in accounts), Counter()))

        def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
            kept = {name: folder for name, folder in folders.items() if name == kind or not shared}
            zone, new = parse_zone(context.config.shop.time_zone), assignment.findings.deliveries
            end = day_end(context.day, zone)
            build = build_of(kind, keys, read, context.dt, end, kept, by_delivery=kind in LISTS, zone=zone.key)
            tasks = tasks_of(context.spark.sparkContext, new, [reader.settings])
            written = build_attributes(context.spark, build, tasks, earlier, check)
            contents = assignment.findings.contents
            unknown = [each for each in new if each.path not in contents]
            contents.update(contents_of(unknown, lambda: context.spark.sparkContext))
            ledger = write_ledger(folders["ingest_ledger"], kind, context.dt, lines, beside)
            return {**written, "ingest_ledger": ledger}

        return Result(write=write, finish=forgetting_refused(context, kind))

    return Step(
        name=kind,
        # Not exact: what the day's own files say decides; a day before it that is run later adds nothing new.
        reads=(Read(kind, Newest(_before), alias=_PREVIOUS, exact=False),),
        writes=("quarantine", "ingest_ledger", kind),
        settings=("ingest.max_line_bytes", f"sources.{kind}", "shop.time_zone"),
        revision=6,
        compute=compute,
        target=target,
        inapplicable=inapplicable,
    )


def _source(context: RunContext, kind: str) -> SourceConfig | None:
    source: SourceConfig | None = getattr(context.config.sources, kind)
    return source


def _deliveries(context: RunContext, kind: str) -> Sequence[Delivery]:
    """The files of the catch-up window, as of now also of the days that something may come late on.

    All of them where the source does not tell days apart.
    """
    source, settings = _source(context, kind), context.config.ingest
    if source is None:
        return []
    first = context.day - timedelta(settings.catch_up_days)
    if kind in LISTS:  # no line of theirs may be passed over, however many days were
        known = context.warehouse.days(kind, through=context.days_before(1))
        first = min(first, date.fromisoformat(known[-1]) if known else context.day - timedelta(_FIRST_LOOK_DAYS))
    last = context.day + timedelta(settings.max_late_days if settings.as_of == "now" else 0)
    return find_deliveries(source, f"sources.{kind}", first=first, last=last, required=False)


@dataclass(frozen=True)
class _Read:
    """The deliveries that are to be read, and what is known of all of them, which the run's record tells."""

    deliveries: Sequence[Delivery]
    contents: dict[str, str]


def _known_contents(context: RunContext, inputs: Inputs) -> Contents:
    """What is known of the files that the day, or else the one before it, was made from."""
    before = inputs[_PREVIOUS].snapshot
    slices = [*inputs[_PREVIOUS].slices()[-1:], *before.slices(day=context.dt)]
    records = (before.record(each) for each in slices)
    return {path: content for record in records if record is not None for path, content in record.files.items()}


def _identities(deliveries: Sequence[Delivery]) -> dict[str, list[tuple[object, ...]]]:
    by_day: dict[str, list[tuple[object, ...]]] = {}
    for delivery in deliveries:
        by_day.setdefault(delivery.day or "every day", []).append(delivery.identity)
    return by_day


def _is_new(delivery: Delivery, prints: dict[str, str], inputs: Inputs) -> bool:
    """Whether the previous day's table does not hold all of the delivery yet.

    A file without a day is read each time: of its lines only those that were known by the end of a day count for it.
    So is one of a later day than the previous one, which may have taken in a part of it.
    """
    previous = inputs[_PREVIOUS]
    before = next(iter(previous.slices()), None)
    if delivery.day is None or before is None or delivery.day > before.day:
        return True
    held = previous.snapshot.made_from(before)
    name = f"files of {delivery.day}"
    return held is None or held.inputs.get(name) != prints[name]


def _before(context: RunContext) -> Selection:
    return {"through": context.days_before(1)}


def _configured(context: RunContext, kind: str) -> SourceConfig:
    source = _source(context, kind)
    if source is None:
        raise ValueError(f"sources.{kind} is not configured")
    return source


def _check(accounts: Sequence[Account], source: SourceConfig, ingest: IngestConfig) -> None:
    """Raise BadDataError for files that cannot be read to their end, or with too many bad lines."""
    check_readable(fault for account in accounts for fault in account.faults)
    warn_of(note for account in accounts for note in account.notes)
    days: defaultdict[str | None, Counter[tuple[str, str]]] = defaultdict(Counter)
    for account in accounts:
        for (day, file, reason), lines in account.lines.items():
            days[day][file, reason] += lines
    examples = first_of(account.examples for account in accounts)
    time_formats = {file: source.time_format for lines in days.values() for file, _ in lines}
    for_example = partial(in_words, examples, time_formats)
    check_bad_lines(days, ingest, for_example)
    check_any_good(days, ingest, for_example)
    warn_of_unread(sum((Counter(each.beside) for each in accounts), Counter()), examples)


def _by_file(accounts: Sequence[Account]) -> Counter[tuple[str, str]]:
    """The number of lines by file and reason, "" for good ones."""
    found = Counter[tuple[str, str]]()
    for account in accounts:
        for (_, file, reason), lines in account.lines.items():
            found[file, reason] += lines
    return found


def _shares_files(context: RunContext, kind: str) -> bool:
    source = _source(context, kind)
    return source is not None and source.path in [each.path for each in context.config.sources.of_events]


ITEMS = _attributes_step("items", "item_id")
USERS = _attributes_step("users", "user_id")
CAMPAIGNS = _attributes_step("campaigns", "user_id", build_of=CampaignBuild)
OPT_OUTS = _attributes_step("opt_outs", "user_id")
CONSENTS = _attributes_step("consents", "user_id")
SEEDS = _attributes_step("seeds", "user_id", "list")
