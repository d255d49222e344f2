"""Tables that are carried from day to day, compared with what a rebuild from all events gives."""

import random
import shutil
from collections.abc import Mapping

from interest_spark.features.day_files import day_files
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.foundation.log import get_logger, progress
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.pipeline.runner import Pinned, pin, plan_step
from interest_spark.pipeline.step import Assignment, Step
from interest_spark.platform.comparison import Buckets, Comparison, Differences, compare_files
from interest_spark.schemas.tables import MADE_BY, TABLES
from interest_spark.steps.bots import BOTS
from interest_spark.steps.daily import DAILY
from interest_spark.steps.nightly import steps_of
from interest_spark.steps.sequences import SEQUENCES
from interest_spark.steps.sessions import SESSIONS
from interest_spark.storage.layout import data_folder

CARRIED = (DAILY, SESSIONS, BOTS, SEQUENCES)
"""The steps whose results are verified, each from what those before it have committed; with profiles also theirs."""


def verify(context: RunContext, buckets: int, of: int) -> Outcome:
    """Compare `buckets` of `of` buckets of users, drawn by the day. BadDataError naming users whose rows differ.

    A step that is not current for the day is a ConfigError: of course its rows differ.
    """
    only = frozenset(random.Random(context.dt).sample(range(of), buckets)) if buckets < of else frozenset()
    rows, wrong = {}, {}
    with progress("verify", "steps") as shown:
        steps = (*CARRIED, *steps_of("profiles", context.config))
        for done, step in enumerate(steps, start=1):
            for table, found in _differences(step, context, Buckets(of, only)).items():
                rows[table] = found.compared
                if found.differing:
                    wrong[table] = found
            shown.update(done, len(steps), step=step.name)
    if wrong:
        raise BadDataError("; ".join(_described(table, found) for table, found in wrong.items()) + _remedy(context))
    return Outcome("done", rows, details={"buckets": sorted(only) or list(range(of))})


def _differences(step: Step, context: RunContext, buckets: Buckets) -> dict[str, Differences]:
    pinned = pin(step, context)
    plan = plan_step(step, context, pinned)
    if plan.reasons:
        reason = next(iter(plan.reasons.values()))
        raise ConfigError(
            f"step {step.name} of {context.dt} is not current: {reason}; "
            f"run `interest {MADE_BY[step.writes[-1]]} --day {context.dt}` first"
        )
    days = sorted(plan.target.made_from)
    folders = {
        table: str(pinned.tables[table].folder / data_folder(f"{context.run_id}-verify-{step.name}", ""))
        for table in step.writes
    }
    try:
        rebuilt = _rebuilt(step, context, pinned, days, folders)
        return {table: _compared(table, rebuilt[table], pinned, days, context, buckets) for table in step.writes}
    finally:
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)


def _rebuilt(
    step: Step, context: RunContext, pinned: Pinned, days: list[str], folders: Mapping[str, str]
) -> Mapping[str, list[str]]:
    """The files that the step writes when it goes on from nothing; no commit names them, so nobody sees them."""
    write = step.compute(context, pinned.inputs, Assignment(days)).write
    assert write is not None
    return {table: list(files) for table, files in write(folders).items()}


def _compared(
    table: str, rebuilt: list[str], pinned: Pinned, days: list[str], context: RunContext, buckets: Buckets
) -> Differences:
    snapshot = pinned.tables[table]
    slices = [each for each in snapshot.slices() if each.day in days]
    committed = [file.path for file in day_files(snapshot, slices)]
    columns = tuple(TABLES[table].names)
    comparison = Comparison(columns[0], columns, buckets)
    found = compare_files(context.spark, comparison, committed, rebuilt)
    get_logger().info("verified", table=table, compared=found.compared, differing=found.differing)
    return found


def _described(table: str, found: Differences) -> str:
    shown = ", ".join(found.examples)
    return f"table {table}: {found.differing} of {found.compared} differ from a rebuild: {shown}"


def _remedy(context: RunContext) -> str:
    return f". Run `interest rebuild --day {context.dt}`, and please report it with the output of `interest doctor`"
