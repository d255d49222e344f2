"""The quality gates: one after a day's events are in, one before its lists can be seen.

A day whose events are blocked stops all that would be made of them, on that day and on later ones, until the day is
delivered again or somebody lets it pass. Blocked lists are never committed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from interest_spark.features.gates.build_events import DayToMeasure, measure_days
from interest_spark.features.gates.build_lists import ListsToMeasure, measure_files_of_lists
from interest_spark.features.gates.judge import WARNED, Judged, judge_day
from interest_spark.features.gates.lists import ListRules
from interest_spark.features.gates.rows import TABLE, blocked, commit_day, read_days, write_day
from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import (
    NOTHING,
    Assignment,
    Inputs,
    Newest,
    Read,
    Result,
    Selection,
    Step,
    Target,
    newest_day,
)
from interest_spark.schemas.figures import INGEST, PUBLISH
from interest_spark.steps.events import EVENTS
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import MadeFrom
from interest_spark.storage.snapshot import Snapshot

_SHOWN = 3
_FOLLOWED = 200_000
"""About how many suggestions of a day are compared with the last ones."""

BEFORE = "lists before"


def _history(context: RunContext, _: Snapshot) -> Selection:
    """The days that a day is compared with, and itself."""
    return {"after": context.days_before(context.config.gates.history_days + 1), "through": context.dt}


def _before(context: RunContext) -> Selection:
    return {"through": context.days_before(1), "name": context.model}


@dataclass(frozen=True)
class _ListsBefore(Newest):
    """Selects the newest lists of the run's own model from before its day."""

    def __call__(self, context: RunContext, table: Snapshot) -> Selection:
        """The selection of that day and model."""
        return {"name": context.model, **super().__call__(context, table)}


GATES = Read(TABLE, _history, exact=False)
"""What the gates have said of the last days: what is made does not follow from it, but must not be made against it."""
LISTS_BEFORE = Read("recommendations", _ListsBefore(_before), alias=BEFORE, exact=False, compared=True)


def require_passed(context: RunContext, inputs: Inputs) -> None:
    """Raise BadDataError if one of the last days is blocked: its events would be in all that is made."""
    if context.config.gates.enabled:
        _refuse_blocked(read_days(inputs[TABLE].snapshot, INGEST, **inputs[TABLE].selection))


def check_lists(context: RunContext, inputs: Inputs, files: Mapping[str, Sequence[str]]) -> None:
    """Judge the lists in these files, which nobody can see yet, and record what was found; BadDataError if blocked.

    A backtest's lists are shown to nobody and pass.
    """
    if not context.config.gates.enabled or context.backtest:
        return
    gate, table = publish_gate(context.model), context.warehouse.open(TABLE)
    said = read_days(table, gate, **_history(context, table))
    measured = measure_files_of_lists(context.spark, _given_lists(context, inputs, files))
    past = {day: rows for day, rows in said.items() if day < context.day}
    rows = judge_day(context.day, measured, past, context.config.gates, said.get(context.day, {}))
    made_of = {name: each.content_id() for name, each in inputs.items() if name not in (TABLE, BEFORE)}
    made = MadeFrom(f"{PUBLISH}_gate", 1, made_of)
    commit_day(context.warehouse, gate, context.dt, rows, f"{context.run_id}-{PUBLISH}_gate", made)
    _warn(context.dt, rows)
    _refuse_blocked({context.day: {row.figure: row for row in rows}}, f"the lists of model {context.model}", "score")


def publish_gate(model: str) -> str:
    """The name of the gate that a model's lists pass."""
    return f"{PUBLISH}-{model}"


def _given_lists(context: RunContext, inputs: Inputs, files: Mapping[str, Sequence[str]]) -> ListsToMeasure:
    known = inputs["popularity"]
    popular = known.snapshot.rows_of([path for each in known.slices() for path in known.snapshot.files_of(each)])
    last = inputs[BEFORE]
    rows = last.snapshot.rows_of([path for each in last.slices() for path in last.snapshot.files_of(each)])
    sample = max(1, sum(count or 0 for count in rows.values()) // _FOLLOWED)
    return ListsToMeasure(
        lists=files["recommendations"],
        unserved=files["unserved"],
        last=last.files(),
        known_items=sum(count or 0 for count in popular.values()),
        rules=ListRules(context.config.score.k, sample),
    )


def _inapplicable(context: RunContext, inputs: Inputs) -> str | None:
    if not context.config.gates.enabled:
        return "gates.enabled is false"
    return None if context.config.sources.by_day else "sources.events tells no deliveries of days apart"


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """The run's own day, and of those that its events may be made for what is new, was delivered anew, or is blocked.

    While any day is blocked, the own one is looked at again, so that the step ends as it did before.
    """
    events, gates = inputs["events"].snapshot, inputs[TABLE]
    made = made_from(step, context, inputs)
    days = {day: _made_from_of(made, day, inputs) for day in events.days(**EVENTS.makes(context))}
    said = read_days(gates.snapshot, INGEST, **gates.selection)
    refused = [day.isoformat() for day, rows in said.items() if blocked(rows.values())]

    def is_due(day: str) -> bool:
        found = gates.snapshot.made_from(Slice(day, INGEST))
        same = found is not None and found.inputs.get("events") == days[day].inputs["events"]
        return day == context.dt or day in refused or not same

    again = {day: f"{day if day in refused else refused[0]} is blocked" for day in [*refused, context.dt] if refused}
    return Target({day: days[day] for day in days if is_due(day)}, again=again)


def _made_from_of(made: MadeFrom, day: str, inputs: Inputs) -> MadeFrom:
    """Of one of several days: its own events, and the items known as of it."""
    own = {"events": inputs["events"].snapshot.content(Slice(day)), "items": _items_of(day, inputs)}
    return replace(made, inputs={**made.inputs, **own})


def _items_of(day: str, inputs: Inputs) -> str:
    return inputs["items"].snapshot.content_id(**_newest(inputs["items"].snapshot, day))


def _newest(table: Snapshot, day: str) -> Selection:
    days = table.days(through=day)
    return {"day": days[-1]} if days else NOTHING


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    said = read_days(inputs[TABLE].snapshot, INGEST, **inputs[TABLE].selection)
    measured = measure_days(context.spark, [_day_to_measure(context, inputs, day) for day in assignment.days])
    judged: dict[date, dict[str, Judged]] = {}
    for text, figures in zip(assignment.days, measured, strict=True):
        day = date.fromisoformat(text)
        past = {each: rows for each, rows in {**said, **judged}.items() if each < day}
        rows = judge_day(day, figures, past, context.config.gates, said.get(day, {}))
        judged[day] = {row.figure: row for row in rows}
        _warn(text, rows)

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        days = judged.items()
        return {TABLE: [write_day(folders[TABLE], INGEST, day.isoformat(), list(rows.values())) for day, rows in days]}

    return Result(write=write, finish=partial(_refuse_blocked, {**said, **judged}))


def _day_to_measure(context: RunContext, inputs: Inputs, day: str) -> DayToMeasure:
    events = inputs["events"].snapshot
    before = events.days(through=_day_before(day))
    paths = events.files_of(Slice(day))
    return DayToMeasure(
        day=day,
        rows=sum(rows or 0 for rows in events.rows_of(paths).values()),
        events=events.files(day=day),
        before=events.files(day=before[-1]) if before else [],
        ledger=inputs["ingest_ledger"].snapshot.files(day=day),
        refused=inputs["quarantine"].snapshot.files(day=day, name="events"),
        items=inputs["items"].snapshot.files(**_newest(inputs["items"].snapshot, day)),
        zone=context.config.shop.time_zone,
    )


def _day_before(day: str) -> str:
    return date.fromordinal(date.fromisoformat(day).toordinal() - 1).isoformat()


def _warn(day: str, rows: Iterable[Judged]) -> None:
    for row in rows:
        if row.state == WARNED:
            get_logger().warning("a figure is out of its bounds", day=day, figure=row.figure, reason=row.reason)


def _refuse_blocked(judged: Mapping[date, Mapping[str, Judged]], what: str = "its events", job: str = "ingest") -> None:
    """Raise BadDataError naming the first blocked day, its figures, and how to go on."""
    for day, rows in sorted(judged.items()):
        if refused := blocked(rows.values()):
            figures = "; ".join(f"{row.figure} {row.reason}" for row in refused[:_SHOWN])
            more = f" (and {len(refused) - _SHOWN} more figures)" if len(refused) > _SHOWN else ""
            raise BadDataError(
                f"day {day} is blocked by {what}: {figures}{more}; mend them and run `interest {job} --day {day}` "
                f"again, or, if they are right, `interest gates --accept {day} --reason '…'` and then the job again"
            )


INGEST_GATE = Step(
    name=f"{INGEST}_gate",
    reads=(
        Read("events", _history, exact=False, by_day=True),
        Read("ingest_ledger", _history, exact=False),
        Read("quarantine", _history, exact=False),
        Read("items", newest_day),
        GATES,
    ),
    writes=(TABLE,),
    settings=("gates", "shop.time_zone"),
    revision=1,
    compute=_compute,
    target=_target,
    inapplicable=_inapplicable,
    makes=EVENTS.makes,
)
