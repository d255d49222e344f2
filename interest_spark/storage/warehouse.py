"""Committed tables: Spark stages immutable Parquet, the driver commits the file list to a Delta log.

A reader takes the file list of one version and never lists a directory, so a staged, a killed or a replaced run is
invisible. Where files lie is said in layout.py, how a commit excludes rivals in commit.py.
"""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.temporary import temporary_failure
from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.storage.commit import StagedRun, commit, data_files, stage_files
from interest_spark.storage.layout import NO_ROWS, Slice, data_folder
from interest_spark.storage.run_record import EVERY_DAY, MadeFrom, RunRecord
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import check_table, file_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Warehouse:
    """The tables of one deployment below one folder that every node can reach."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()

    def open(self, table: str) -> Snapshot:
        """The table's newest version; without any slice before its first commit."""
        check_table(table)
        return Snapshot(table, self.root / table)

    def stage(
        self,
        frame: "DataFrame",
        base: Snapshot,
        slices: Sequence[Slice],
        record: RunRecord,
        options: Mapping[str, str | int] | None = None,
    ) -> StagedRun:
        """Write `frame`, which has the table's own columns and `dt`, where no reader looks; check every footer.

        `slices`, of one name, are what the commit will replace, with or without rows; a row of another day is an
        error. `options` go to Spark's Parquet writer.
        """
        from pyspark.sql import functions as F

        (name,) = {each.name for each in slices}
        folder = base.folder / data_folder(record.run_id, name)
        naming = [F.lit(name).alias(SLICED_BY[base.table])] if base.table in SLICED_BY else []
        rows = frame.select(*TABLES[base.table].names, *naming, "dt")
        rows.write.options(**(options or {})).partitionBy("dt").mode("error").parquet(str(folder))
        return self.stage_files([str(path) for path in data_files(folder)], base, slices, record)

    def stage_files(
        self, files: Sequence[str], base: Snapshot, slices: Sequence[Slice], record: RunRecord
    ) -> StagedRun:
        """Stage what tasks have written below the run's data folder; files that are not named stay unseen for ever."""
        (name,) = {each.name for each in slices}
        folder = base.folder / data_folder(record.run_id, name)
        written = [Path(file) for file in files]
        return stage_files(base, [*written, *_fill_empty_slices(base.table, folder, written, slices)], slices, record)

    def commit(self, staged: StagedRun, base: Snapshot, **terms: bool) -> int:
        """Publish a staged run: see commit.commit, which takes `terms`. Returns the table's new version."""
        return commit(staged, base, **terms)

    def put(self, frame: "DataFrame", table: str, days: Sequence[str], run_id: str, name: str = "") -> int:
        """Stage and commit in one go what a program outside the steps has made. Returns the new version."""
        base = self.open(table)
        if not name and table in SLICED_BY:
            raise ValueError(f"table {table} is sliced by {SLICED_BY[table]}: name one")
        made_from = {EVERY_DAY: MadeFrom(step="put", revision=0, inputs={"run": run_id})}
        record = RunRecord(run_id, made_from, {})
        return commit(self.stage(frame, base, [Slice(day, name) for day in days], record), base)

    def check_writable(self) -> None:
        """Raise ConfigError unless files can be made in the warehouse; what is temporary stays an OSError."""
        probe = self.root / f".probe-{os.getpid()}-{threading.get_ident()}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            if temporary_failure(error):
                raise
            raise ConfigError(
                f"warehouse {self.root} cannot be written: {error.strerror}; "
                "give the job's user write permission or set warehouse to another folder"
            ) from None

    # The newest version, in one call -----------------------------------------------------------

    def version(self, table: str) -> int:
        """The table's newest version, -1 before its first commit."""
        return self.open(table).version

    def days(self, table: str, **selection: str | None) -> list[str]:
        """Every committed day, also those without rows, ascending."""
        return self.open(table).days(**selection)

    def files(self, table: str, **selection: str | None) -> list[str]:
        """Absolute paths of a selection's files, sorted."""
        return self.open(table).files(**selection)

    def read_small(self, table: str, **selection: Any) -> pa.Table:
        """The rows of a table that is small by nature, such as `models` or `metrics`, without Spark."""
        return self.open(table).read_small(**selection)


def _fill_empty_slices(table: str, folder: Path, written: Sequence[Path], slices: Sequence[Slice]) -> list[Path]:
    """A file without rows for each slice that has none."""
    filled, added = {path.parent.name for path in written}, []
    no_rows = pa.BufferOutputStream()
    pq.write_table(file_schema(table).empty_table(), no_rows)
    content = no_rows.getvalue()
    for each in slices:
        day = folder / f"dt={each.day}"
        if day.name not in filled:
            day.mkdir(parents=True, exist_ok=True)
            added.append(day / NO_ROWS)
            added[-1].write_bytes(content)
    return added
