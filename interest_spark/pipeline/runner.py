"""Runs a step: pins its inputs, tells whether it is current, and if not computes, stages and commits it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from structlog.contextvars import bound_contextvars

from interest_spark.foundation.credentials import without_credentials
from interest_spark.foundation.digest import digest
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.log import get_logger
from interest_spark.operations.recorder import StepRecord
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.pipeline.step import Assignment, Input, Inputs, Read, Result, Step, Target
from interest_spark.platform.resource_meter import metered
from interest_spark.schemas.tables import MADE_BY, SLICED_BY, TABLES
from interest_spark.storage.damage import reading
from interest_spark.storage.file_stores import readable
from interest_spark.storage.layout import Slice, data_folder, day_of
from interest_spark.storage.run_record import EVERY_DAY, MadeFrom, RunRecord
from interest_spark.storage.snapshot import Snapshot

_CHANGES_SHOWN = 5
COLUMNS_OF = "columns of "
"""How a record's entry for the columns of a table begins."""


@dataclass(frozen=True)
class Pinned:
    """All that a step reads or writes, at the versions that it began with."""

    inputs: Inputs
    tables: Mapping[str, Snapshot]

    @property
    def versions(self) -> dict[str, int]:
        """The version of each table that is read."""
        return {each.snapshot.table: each.snapshot.version for each in self.inputs.values()}


@dataclass(frozen=True)
class Plan:
    """What running a step would do: `reasons` by day that is not current, in words; empty when all are.

    `inapplicable`: why there is nothing to be made at all.
    """

    target: Target
    reasons: Mapping[str, str]
    inapplicable: str | None = None


def run_step(step: Step, context: RunContext) -> Outcome:
    """Make what is not current. The second run of a step does nothing."""
    with bound_contextvars(step=step.name, day=context.dt), context.recorder.step(step.name, context.dt) as record:
        outcome = _run(step, context, record)
        record.nothing_to_do, record.rows, record.versions = outcome is NOTHING_TO_DO, outcome.rows, outcome.versions
    return outcome


def _run(step: Step, context: RunContext, record: StepRecord) -> Outcome:
    pinned = pin(step, context)
    step.guard(context, pinned.inputs)
    plan = plan_step(step, context, pinned)
    if plan.inapplicable or not plan.reasons:
        return NOTHING_TO_DO
    for read in step.reads:
        if read.required:
            check_there(read, pinned.inputs[read.name], context)
    log = get_logger()
    log.info("step started", reasons=dict(list(plan.reasons.items())[:3]))
    started = time.monotonic()
    context.warehouse.check_writable()
    # Column expressions need a session that has started.
    with metered(context.spark.sparkContext) as record.use:
        result = step.compute(context, pinned.inputs, Assignment(sorted(plan.reasons), plan.target.findings))
        try:
            outcome = _publish(step, context, pinned, plan, result)
        finally:
            for frame in result.persisted:  # and no more: other steps may be at work beside this one
                frame.unpersist()
        result.finish()
    log.info("step finished", seconds=round(time.monotonic() - started, 1), rows=dict(outcome.rows))
    return outcome


def pin(step: Step, context: RunContext) -> Pinned:
    """Open every table of the step once."""
    names = dict.fromkeys([*(read.table for read in step.reads), *step.writes])
    tables = {name: context.warehouse.open(name) for name in names}
    inputs = {read.name: Input(tables[read.table], read.select(context, tables[read.table])) for read in step.reads}
    return Pinned(inputs, tables)


def plan_step(step: Step, context: RunContext, pinned: Pinned) -> Plan:
    """Compare what is to be made with what is committed; nothing is touched."""
    inapplicable = step.inapplicable(context, pinned.inputs)
    if inapplicable:
        return Plan(Target({}), {}, inapplicable)
    target = (step.target or own_target)(step, context, pinned.inputs)
    table = pinned.tables[step.writes[-1]]
    reasons: dict[str, str] = {}
    for day in sorted(target.made_from):
        reason = "forced" if context.force else _why_stale(step, context, table, target, day)
        if reason is None and target.in_order and reasons:
            reason = f"{next(iter(reasons))} before it is made anew"
        reason = reason or target.again.get(day)
        if reason:
            reasons[day] = reason
    return Plan(target, reasons)


def own_target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """The run's own day."""
    return Target({context.dt: made_from(step, context, inputs)})


def made_from(step: Step, context: RunContext, inputs: Inputs, **further: str) -> MadeFrom:
    """All that the step's result follows from; `further` are digests of inputs that are no tables."""
    contents = {read.name: inputs[read.name].content_id() for read in step.reads if read.exact}
    # A table that has got a column is made anew, so that the column is filled.
    columns = {f"{COLUMNS_OF}{table}": digest(TABLES[table].names) for table in step.writes}
    return MadeFrom(step.name, step.revision, {**contents, **columns, **further}, settings_of(step, context))


def settings_of(step: Step, context: RunContext) -> dict[str, Any]:
    """The configuration keys that the step's result depends on, as `section.key`, with their values.

    Addresses are without their credentials: these are no part of what is computed, and records keep no secret.
    """
    every = dict(_flattened(context.config.model_dump(mode="json")))

    def is_named(key: str, names: Sequence[str]) -> bool:
        return any(key == name or key.startswith(name + ".") for name in names)

    return {
        key: without_credentials(value) if isinstance(value, str) else value
        for key, value in every.items()
        if is_named(key, step.settings) and not is_named(key, step.irrelevant)
    }


def slice_name(step: Step, context: RunContext, table: str, target: Target) -> str:
    """What the step's slices of the table are called: by its model, by the raw lines that it reads, or by its gate."""
    model = target.model or context.model
    names = {"model": model, "comparison": model, "kind": step.name, "gate": step.name.removesuffix("_gate")}
    return names[SLICED_BY[table]] if table in SLICED_BY else ""


def _why_stale(step: Step, context: RunContext, table: Snapshot, target: Target, day: str) -> str | None:
    """Why the day has to be made, in words; None if it is current."""
    committed = table.slices(day=day, name=slice_name(step, context, table.table, target))
    if target.whole_table:
        committed = table.slices()  # all of one run, whatever days it turned out to have
    if not committed:
        return "it is not made yet"
    found = table.made_from(committed[-1])
    if found is None:
        return "it was made by release 0.1, which did not record what from"
    changes = target.made_from[day].changes_since(found)
    more = [f"and {len(changes) - _CHANGES_SHOWN} more"] if len(changes) > _CHANGES_SHOWN else []
    return "; ".join([*changes[:_CHANGES_SHOWN], *more]) or None


def check_there(read: Read, found: Input, context: RunContext) -> None:
    """Raise ConfigError, naming what to run first, unless the input is committed with the columns it must have."""
    day = found.selection.get("day") or found.selection.get("through") or context.dt
    name = found.selection.get("name")
    what = f"day {day} of model {name}" if name else f"day {day}"
    remedy = f"run `interest {MADE_BY[read.table]} --day {day}`"
    if not found.slices():
        raise ConfigError(f"table {read.table} has no committed {what} in {context.warehouse.root}; {remedy} first")
    wanted = TABLES[read.table].names if read.columns is None else read.columns
    first = found.files()[0]
    with reading(first), readable(first) as source:
        held = pq.read_schema(source).names
    lacking = [column for column in wanted if column not in held]
    if lacking:
        raise ConfigError(
            f"{what} of table {read.table} was made by an earlier release and lacks {', '.join(lacking)}; "
            f"{remedy} again"
        )


def _publish(step: Step, context: RunContext, pinned: Pinned, plan: Plan, result: Result) -> Outcome:
    """Stage all tables, then commit them, the one by which a rerun knows that the step is done last."""
    record = _record(step, context, pinned, plan)
    names = {table: slice_name(step, context, table, plan.target) for table in step.writes}
    written = _write_files(result, record, names, pinned)
    found = {day_of(file) for files in written.values() for file in files} if plan.target.whole_table else set()
    days = sorted({*plan.reasons, *found})
    staged = []
    for table, name in names.items():
        base, slices = pinned.tables[table], [Slice(day, name) for day in days]
        if table in written:
            staged.append(context.warehouse.stage_files(written[table], base, slices, record))
        else:
            rows = result.row_group_rows.get(table)
            staged.append(context.warehouse.stage(result.frames[table], base, slices, record, rows))
    result.check(
        {run.table: [f"{pinned.tables[run.table].folder}/{each.path}" for each in run.actions] for run in staged}
    )
    versions = {}
    for run in staged:
        versions[run.table] = context.warehouse.commit(
            run, pinned.tables[run.table], whole_table=plan.target.whole_table, exclusive=step.exclusive
        )
        get_logger().info("table committed", table=run.table, version=versions[run.table], rows=run.rows)
    return Outcome("done", {run.table: run.rows for run in staged}, versions, result.details)


def _write_files(
    result: Result, record: RunRecord, names: Mapping[str, str], pinned: Pinned
) -> Mapping[str, Sequence[str]]:
    """The files, by table, that the step's tasks write themselves."""
    if result.write is None:
        return {}
    return result.write(
        {
            table: str(pinned.tables[table].folder / data_folder(record.run_id, name))
            for table, name in names.items()
            if table not in result.frames
        }
    )


def _record(step: Step, context: RunContext, pinned: Pinned, plan: Plan) -> RunRecord:
    run_id = f"{context.run_id}-{step.name}"  # several steps of one run write to the same table
    from_by_day = {day: plan.target.made_from[day] for day in plan.reasons}
    if plan.target.whole_table:
        from_by_day = {EVERY_DAY: next(iter(from_by_day.values()))}
    return RunRecord(run_id, from_by_day, pinned.versions)


def _flattened(values: Mapping[str, Any], above: str = "") -> Sequence[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in values.items():
        pairs += _flattened(value, f"{above}{key}.") if isinstance(value, dict) and value else [(above + key, value)]
    return pairs
