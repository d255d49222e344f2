"""Warnings of past days to how many of them came true, once that is known: each day as it was published, once.

The days whose outcome is known by the run's own are looked at, `LOOK_BACK` of them at most; what was judged already is
told by the records of what earlier slices were made from. A day whose warnings were made anew is judged anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
import pyarrow as pa

from interest_spark.applications.churn.model import day_of_version
from interest_spark.applications.churn.outcomes import Judging, judge_warnings
from interest_spark.applications.churn.promise import (
    LAST_DAYS,
    OUTCOMES,
    Fall,
    Promise,
    falls,
    newest_of_each,
    outcome_row,
    unjudged_row,
)
from interest_spark.applications.churn.score import CHURN, MODELS
from interest_spark.config.churn import ChurnConfig
from interest_spark.features.customers.carried import DAYS
from interest_spark.features.day_files import day_files
from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.carry import TableDay, recorded, recorded_days
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step, Target, through_day
from interest_spark.schemas.tables import TABLES
from interest_spark.steps.churn import rules_of, work_folder
from interest_spark.storage.buckets import bucket_count
from interest_spark.storage.folder_files import delete_folder
from interest_spark.storage.layout import NO_ROWS, Slice
from interest_spark.storage.parts import read_columns, write_part
from interest_spark.storage.snapshot import Snapshot

LOOK_BACK = 35
"""So many days whose outcome is known are looked at: what a night costs does not grow with the history."""


def _known_after(context: RunContext) -> int:
    return rules_of(context.config.churn or ChurnConfig()).known_after


def _known_by_now(context: RunContext, _: Snapshot) -> Selection:
    days = _known_after(context)
    return {"after": context.days_before(days + LOOK_BACK), "through": context.days_before(days)}


def _judged_before(context: RunContext, _: Snapshot) -> Selection:
    """Where days that are looked at may have been judged."""
    return {"after": context.days_before(_known_after(context) + LOOK_BACK), "through": context.days_before(1)}


@dataclass(frozen=True)
class Due:
    """A day to be judged, who warned on it, and what that model promised; else the `reason` why it cannot be told."""

    day: Slice
    version: str
    promise: Promise | None
    reason: str = ""


def _unjudged(inputs: Inputs) -> list[Slice]:
    """The days with warnings that no earlier slice has judged as they are now."""
    warned, outcomes = inputs[CHURN].snapshot, inputs[OUTCOMES].snapshot
    judged: set[tuple[TableDay, str]] = set()
    for each in inputs[OUTCOMES].slices():
        made = outcomes.made_from(each)
        judged |= set(recorded_days(made).items()) if made else set()
    return [
        each
        for each in inputs[CHURN].slices()
        if (TableDay(CHURN, each.day), warned.content(each)) not in judged and _with_rows(warned, each)
    ]


def _with_rows(warned: Snapshot, each: Slice) -> list[str]:
    """The files, below the table's folder, that have rows: without a model nobody is warned of."""
    rows = warned.rows_of(warned.files_of(each))
    return [path for path in warned.files_of(each) if rows[path] != 0]


def _inapplicable(context: RunContext, inputs: Inputs) -> str | None:
    if _unjudged(inputs) or inputs[OUTCOMES].snapshot.slices(day=context.dt):
        return None
    return f"there are no warnings that are not judged yet and of which it is known by {context.dt} what came true"


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """What is judged follows from these days' warnings, from the models that made them, and from `customer_days`."""
    warned, models = inputs[CHURN].snapshot, inputs[MODELS].snapshot
    due = _due(context, inputs)
    contents = {TableDay(CHURN, each.day.day): warned.content(each.day) for each in due}
    for day in {day_of_version(each.version) for each in due if each.promise}:
        contents[TableDay(MODELS, day)] = models.content(Slice(day))
    return Target({context.dt: made_from(step, context, inputs, **recorded(contents))}, findings=due)


def _due(context: RunContext, inputs: Inputs) -> list[Due]:
    """The unjudged days whose horizons have ended by the rules of the model that warned."""
    warned, models = inputs[CHURN].snapshot, inputs[MODELS].snapshot
    promises: dict[str, Promise | None] = {}
    found: list[Due] = []
    for each in _unjudged(inputs):
        files = warned.located(_with_rows(warned, each)[:1])
        version = read_columns(files, model_version=pl.String)["model_version"].item(0)  # one model warns on a day
        if version not in promises:
            promises[version] = _promise_of(models, version)
        due = _judgeable(context, each, version, promises[version])
        found += [] if due is None else [due]
    return found


def _promise_of(models: Snapshot, version: str) -> Promise | None:
    rows = models.read_small(day=day_of_version(version))
    held = [row for row in rows.to_pylist() if row["model_version"] == version]
    return Promise.of(held[0]) if held else None


def _judgeable(context: RunContext, each: Slice, version: str, promise: Promise | None) -> Due | None:
    """None where it is not known yet: settings may have changed since the model was made."""
    again = f"`interest churn --day {each.day} --force` makes model and warnings anew"
    if promise is None:
        lost = f"{MODELS} of {day_of_version(version)} does not hold {version} any more, by whose rules users churn"
        return Due(each, version, None, f"{lost}; {again}")
    warned_on, profiles = date.fromisoformat(each.day), context.config.profiles
    assert profiles is not None  # the configuration sees to it
    if warned_on + timedelta(promise.rules.known_after) > context.day:
        return None
    needed = warned_on + timedelta(promise.rules.gap_days + 1)
    if needed <= context.day - timedelta(profiles.window_days):
        short = f"{DAYS} of {context.dt} holds {profiles.window_days} days and not those from {needed} on"
        return Due(each, version, None, f"{short}; raise profiles.window_days")
    return Due(each, version, promise)


def _judge(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    due: Sequence[Due] = assignment.findings
    rows = [unjudged_row(each.day.day, each.version, each.reason) for each in due if each.promise is None]
    rows += _outcomes(context, inputs, [each for each in due if each.promise])
    rows.sort(key=lambda row: str(row["warned_on"]))
    fallen = falls(newest_of_each([*_last_rows(inputs), *rows])) if rows else []
    for each in fallen:
        _warn(context, inputs, each)

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        table = pa.Table.from_pylist(rows, TABLES[OUTCOMES])
        return {OUTCOMES: [write_part(folders[OUTCOMES], OUTCOMES, context.dt, table, 0)]}

    told = [{name: row[name] for name in _TOLD if row[name] is not None} for row in rows]
    return Result(write=write, details={"churn_outcomes": told, "below_promise": [asdict(each) for each in fallen]})


_TOLD = ("warned_on", "reason", "scored", "precision", "promised_precision", "recall", "promised_recall", "auc")


def _outcomes(context: RunContext, inputs: Inputs, due: Sequence[Due]) -> list[dict[str, Any]]:
    by_day = {date.fromisoformat(each.day.day): each for each in due}
    if not by_day:
        return []
    rules = {day: each.promise.rules for day, each in by_day.items() if each.promise}
    days = tuple(inputs[DAYS].files())
    buckets = bucket_count(days)
    if buckets is None and any(not path.endswith(NO_ROWS) for path in days):
        raise BadDataError(
            f"this release cannot tell the buckets of {DAYS} of {context.dt}; "
            f"run `interest profiles --day {context.dt} --force`"
        )
    warned = inputs[CHURN].snapshot
    with _work(context) as folder:
        judging = Judging(rules, days, buckets or 1, folder)
        found = judge_warnings(context.spark, judging, day_files(warned, [each.day for each in due]))
    return [
        outcome_row(each.version, each.promise, found[day]) for day, each in by_day.items() if each.promise is not None
    ]


@contextmanager
def _work(context: RunContext) -> Iterator[str]:
    folder = work_folder(context, f"{context.dt}-{OUTCOMES}")
    try:
        yield str(folder / "churn")
    finally:
        delete_folder(folder)


def _last_rows(inputs: Inputs) -> list[dict[str, Any]]:
    """Rows of the slices before, oldest first, as many as are held against the promise."""
    outcomes = inputs[OUTCOMES]
    last = outcomes.slices()[-LAST_DAYS:]
    return [row for each in last for row in outcomes.snapshot.read_small(day=each.day).to_pylist()]


def _warn(context: RunContext, inputs: Inputs, fall: Fall) -> None:
    serving = inputs[MODELS].slices()
    get_logger().warning(
        "churn warnings come true less often than validation promised",
        **{name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(fall).items()},
        newest_model=serving[-1].day if serving else None,
        next=(
            f"look at the report of {context.dt}, at gates and at whom the shop acted on; where the newest model is "
            f"older than the change, `interest churn --day {context.dt} --force` retrains"
        ),
    )


CHURN_OUTCOMES = Step(
    name="churn_outcomes",
    reads=(
        Read(CHURN, _known_by_now, exact=False, daily=True),
        Read(MODELS, through_day, exact=False),
        Read(DAYS, required=True),
        Read(OUTCOMES, _judged_before, exact=False),
    ),
    writes=(OUTCOMES,),
    settings=(),
    revision=1,
    compute=_judge,
    target=_target,
    inapplicable=_inapplicable,
)
