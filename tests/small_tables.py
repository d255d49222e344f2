"""Rows put into a warehouse without Spark, for tests of what a commit does."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.storage.commit import StagedRun, commit, stage_files
from interest_spark.storage.file_stores import local_draft
from interest_spark.storage.layout import Slice, data_folder
from interest_spark.storage.run_record import EVERY_DAY, MadeFrom, RunRecord
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import conform, file_schema
from interest_spark.storage.warehouse import Warehouse

Rows = Sequence[Mapping[str, Any]]


def stage_rows(base: Snapshot, run_id: str, rows: Mapping[Slice, Rows]) -> StagedRun:
    """Stage `rows` by slice, all of one name; columns that a row does not name are null."""
    files = []
    for each, given in rows.items():
        folder = base.folder / data_folder(run_id, each.name) / f"dt={each.day}"
        named = [name for name in TABLES[base.table].names if given and name in given[0]]
        schema = pa.schema([TABLES[base.table].field(name) for name in named])
        table = conform(pa.Table.from_pylist(list(given), schema), file_schema(base.table))
        if each.name:
            column = SLICED_BY[base.table]
            names = pa.array([each.name] * len(given), pa.string())
            table = table.set_column(table.column_names.index(column), column, names)
        files.append(str(folder / "part-0.parquet"))
        with local_draft(files[-1]) as draft:
            pq.write_table(table, draft)
    record = RunRecord(run_id, {EVERY_DAY: MadeFrom("test", 1, {"run": run_id})}, {})
    return stage_files(base, files, list(rows), record)


def put_rows(warehouse: Warehouse, table: str, run_id: str, rows: Mapping[Slice, Rows], **terms: bool) -> int:
    """Stage and commit; returns the table's new version."""
    base = warehouse.open(table)
    return commit(stage_rows(base, run_id, rows), base, **terms)
