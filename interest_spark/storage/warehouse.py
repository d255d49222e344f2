"""Committed tables: Spark stages immutable Parquet, the driver commits the file list to a Delta log.

A reader takes the file list of one version and never lists a directory, so a staged, a killed or a replaced run is
invisible. Where files lie is said in layout.py, how a commit excludes rivals in commit.py.
"""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.locations import Location, Url, location
from interest_spark.foundation.temporary import temporary_failure
from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.storage.commit import StagedRun, commit, stage_files
from interest_spark.storage.folder_files import delete_file, write_file
from interest_spark.storage.frame_files import write_frame
from interest_spark.storage.layout import NO_ROWS, Slice, data_folder, day_of
from interest_spark.storage.run_record import EVERY_DAY, MadeFrom, RunRecord
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import check_table, file_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_WRITABLE: set[Location] = set()
"""Stores that this process has written to."""


class Warehouse:
    """The tables of one deployment below one folder that every node can reach, or one prefix of a store."""

    def __init__(self, root: Location | str) -> None:
        self.root = location(root).absolute()

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
        row_group_rows: int | None = None,
    ) -> StagedRun:
        """Write `frame`, which has the table's own columns and `dt`, where no reader looks; check every footer.

        `slices`, of one name, are what the commit will replace, with or without rows; a row of another day is an
        error. A row group gets `row_group_rows` rows, if that is said.
        """
        from pyspark.sql import functions as F

        (name,) = {each.name for each in slices}
        folder = base.folder / data_folder(record.run_id, name)
        naming = [F.lit(name).alias(SLICED_BY[base.table])] if base.table in SLICED_BY else []
        rows = frame.select(*TABLES[base.table].names, *naming, "dt")
        return self.stage_files(
            write_frame(rows, folder, file_schema(base.table), row_group_rows), base, slices, record
        )

    def stage_files(
        self, files: Sequence[str], base: Snapshot, slices: Sequence[Slice], record: RunRecord
    ) -> StagedRun:
        """Stage what tasks have written below the run's data folder; files that are not named stay unseen for ever."""
        (name,) = {each.name for each in slices}
        folder = base.folder / data_folder(record.run_id, name)
        return stage_files(base, [*files, *_fill_empty_slices(base.table, folder, files, slices)], slices, record)

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
        if self.root in _WRITABLE:
            return
        probe = self.root / f".probe-{secrets.token_hex(4)}"
        try:
            write_file(probe, b"")
            delete_file(probe)
        except OSError as error:
            if temporary_failure(error):
                raise
            raise ConfigError(
                f"warehouse {self.root} cannot be written: {error.strerror}; "
                "give the job's user write permission or set warehouse to another folder"
            ) from None
        if isinstance(self.root, Url):  # once is enough: it costs requests
            _WRITABLE.add(self.root)

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


def _fill_empty_slices(table: str, folder: Location, written: Sequence[str], slices: Sequence[Slice]) -> list[str]:
    """A file without rows for each slice that has none."""
    filled, added = {day_of(path) for path in written}, []
    no_rows = pa.BufferOutputStream()
    pq.write_table(file_schema(table).empty_table(), no_rows)
    content = no_rows.getvalue().to_pybytes()
    for each in slices:
        if each.day not in filled:
            file = folder / f"dt={each.day}" / NO_ROWS
            write_file(file, content)
            added.append(str(file))
    return added
