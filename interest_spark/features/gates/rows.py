"""Rows of the table `gates`, written and committed without Spark: they are some dozens a day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any

import pyarrow as pa

from interest_spark.features.gates.judge import BLOCKED, Judged
from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.storage.layout import Slice, data_folder
from interest_spark.storage.parts import write_part
from interest_spark.storage.run_record import MadeFrom, RunRecord
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.warehouse import Warehouse

TABLE = "gates"


def read_days(table: Snapshot, gate: str, **selection: str | None) -> dict[date, dict[str, Judged]]:
    """What a gate has said, by day and figure."""
    days: dict[date, dict[str, Judged]] = {}
    for each in table.slices(name=gate, **selection):
        found = (_judged(row) for row in table.read_small(day=each.day, name=gate).to_pylist())
        days[date.fromisoformat(each.day)] = {row.figure: row for row in found}
    return days


def write_day(folder: str, gate: str, day: str, rows: Sequence[Judged]) -> str:
    """Write a day's rows below a run's data folder; returns the file's path."""
    values = [{**asdict(row), "shares": None if row.shares is None else list(row.shares.items())} for row in rows]
    table = pa.Table.from_pylist(values, TABLES[TABLE])
    named = table.append_column(SLICED_BY[TABLE], pa.array([gate] * len(rows), pa.string()))
    return write_part(folder, TABLE, day, named, 0)


def commit_day(warehouse: Warehouse, gate: str, day: str, rows: Sequence[Judged], run_id: str, made: MadeFrom) -> int:
    """Replace what a gate has said of a day; returns the table's new version. BusyError if somebody else just did."""
    base = warehouse.open(TABLE)
    file = write_day(f"{base.folder}/{data_folder(run_id, gate)}", gate, day, rows)
    staged = warehouse.stage_files([file], base, [Slice(day, gate)], RunRecord(run_id, {day: made}, {}))
    return warehouse.commit(staged, base)


def blocked(rows: Iterable[Judged]) -> list[Judged]:
    """Those that stop what comes after."""
    return [row for row in rows if row.state == BLOCKED]


def _judged(row: Mapping[str, Any]) -> Judged:
    values = {field.name: row[field.name] for field in fields(Judged)}
    return Judged(**{**values, "shares": None if row["shares"] is None else dict(row["shares"])})
