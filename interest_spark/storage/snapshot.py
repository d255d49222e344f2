"""One version of one table: its slices, their files, and what they were made from. The log is opened once for it."""

import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from interest_spark.foundation.digest import digest
from interest_spark.foundation.locations import Location
from interest_spark.schemas.tables import SLICED_BY
from interest_spark.storage.committed_files import check_paths, check_there, read_committed
from interest_spark.storage.layout import NAMES_OF_RELEASE_0_1, Slice, content_of, run_of, slice_of
from interest_spark.storage.log_files import check_log, check_protocol, log_options, reading_log
from interest_spark.storage.run_record import MadeFrom, RunRecord, read_record
from interest_spark.storage.table_schemas import conform, file_schema, read_schema, to_spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_ACTIONS = pa.schema(
    [
        ("path", pa.string()),
        ("size_bytes", pa.int64()),
        ("num_records", pa.int64()),
        ("modification_time", pa.int64()),  # milliseconds since 1970
        ("partition.dt", pa.string()),
    ]
)


class Snapshot:
    """A table as it was when it was opened; commits made meanwhile change nothing in it.

    The methods that take a selection look at the slices of `day`, or of `after` < dt <= `through`, of `name`, or of
    all names; without any of these at the whole table.
    """

    def __init__(self, table: str, folder: Location) -> None:
        self.table, self.folder = table, folder
        self.delta = _open(folder)
        self.version = -1 if self.delta is None else self.delta.version()
        self._read_record = lru_cache(maxsize=None)(read_record)

    @cached_property
    def _actions(self) -> pa.Table:
        """Path below the folder, bytes, rows, time and day of each file; BadDataError if one leads elsewhere."""
        if self.delta is None:
            return _ACTIONS.empty_table()
        with reading_log(self.folder):
            actions = pa.table(self.delta.get_add_actions(flatten=True))
            files = conform(actions, _ACTIONS)
        check_paths(self.folder, files["path"], files["partition.dt"])
        return files

    @cached_property
    def paths(self) -> list[str]:
        """Every file, by its path below the table's folder, sorted."""
        found: list[str] = sorted(self._actions["path"].to_pylist())
        return found

    def sizes_of(self, paths: Sequence[str]) -> dict[str, int]:
        """Bytes of each file, by its path below the table's folder."""
        return self._each(paths, "size_bytes")

    def rows_of(self, paths: Sequence[str]) -> dict[str, int | None]:
        """Rows of each file, by its path below the table's folder; None where the log does not say."""
        return self._each(paths, "num_records")

    def _each(self, paths: Sequence[str], what: str) -> dict[str, Any]:
        wanted = self._actions.filter(pc.is_in(self._actions["path"], pa.array(paths, pa.string())))
        return dict(zip(wanted["path"].to_pylist(), wanted[what].to_pylist(), strict=True))

    def size_of(self, path: str) -> int:
        """Bytes of a file, by its path below the table's folder."""
        return self.sizes_of([path])[path]

    def written(self, each: Slice) -> datetime:
        """When the newest file of a committed slice was written, also by compaction."""
        newest = max(self._each(self.files_of(each), "modification_time").values())
        return datetime.fromtimestamp(newest / 1000, timezone.utc)

    @cached_property
    def files_by_slice(self) -> dict[Slice, list[str]]:
        """Paths below the table's folder, sorted, by slice in ascending order. A slice without rows has a file too."""
        return self._by_slice(self.paths)

    def files_of(self, each: Slice) -> list[str]:
        """Paths below the table's folder of one slice, sorted; none if it is not committed."""
        # For one slice of thousands it is quicker to look for its day than to sort all paths first.
        by_slice = self.__dict__.get("files_by_slice") or self._of_day(each.day)
        files: list[str] = by_slice.get(each, [])
        return files

    def slices(
        self,
        *,
        day: str | None = None,
        after: str | None = None,
        through: str | None = None,
        name: str | None = None,
    ) -> list[Slice]:
        """The committed slices of a selection, ascending."""
        return [
            each
            for each in (self.files_by_slice if day is None else self._of_day(day))
            if (after is None or each.day > after)
            and (through is None or each.day <= through)
            and (name is None or each.name == name)
        ]

    def _of_day(self, day: str) -> dict[Slice, list[str]]:
        paths = self._actions["path"]
        return self._by_slice(sorted(paths.filter(pc.match_substring(paths, f"/dt={day}/")).to_pylist()))

    def _by_slice(self, paths: Iterable[str]) -> dict[Slice, list[str]]:
        found: dict[Slice, list[str]] = {}
        for path in paths:
            found.setdefault(slice_of(path, SLICED_BY.get(self.table)), []).append(path)
        return dict(sorted(found.items()))

    def days(self, **selection: str | None) -> list[str]:
        """The committed days of a selection, also those without rows, ascending."""
        return sorted({each.day for each in self.slices(**selection)})

    def files(self, **selection: str | None) -> list[str]:
        """Absolute paths of the selection's files, sorted; BadDataError unless they lie as they were committed."""
        return sorted(self.located([path for each in self.slices(**selection) for path in self.files_of(each)]))

    def located(self, paths: Sequence[str]) -> list[str]:
        """Absolute paths of committed files, in their order; every reader gets its paths here.

        Raises BadDataError where a file is missing, cut, exchanged, or reached by a link below the table's folder.
        """
        check_there(self.folder, self.sizes_of(paths))
        return [f"{self.folder}/{path}" for path in paths]

    def removed(self, hours: int) -> set[str]:
        """Paths, below the table's folder, of files that commits of more than so many hours ago have replaced."""
        if self.delta is None:
            return set()
        with reading_log(self.folder):
            paths = self.delta.vacuum(hours, dry_run=True, enforce_retention_duration=False)
        return {os.path.relpath(f"{self.folder}/{path}", self.folder) for path in paths}

    def record(self, each: Slice) -> RunRecord | None:
        """What the run left that committed the slice; None if it is not there, or was committed by release 0.1."""
        files = self.files_of(each)
        record: RunRecord | None = self._read_record(self.folder / run_of(files[0])) if files else None
        return record

    def made_from(self, each: Slice) -> MadeFrom | None:
        """What the slice was made from; None where there is no record."""
        record = self.record(each)
        return None if record is None else record.of(each.day)

    def content(self, each: Slice) -> str:
        """A name of what the committed slice holds, the same after its files were compacted."""
        return content_of(self.files_of(each)[0])

    def content_id(self, **selection: str | None) -> str:
        """A digest of what a selection holds. Files are immutable, so equal digests mean equal content."""
        return digest([(str(each), self.content(each)) for each in self.slices(**selection)])

    def read(self, spark: "SparkSession", **selection: str | None) -> "DataFrame":
        """The rows of a selection with the column that names slices, if any, and `dt`."""
        from pyspark.sql import functions as F

        schema = to_spark(read_schema(self.table))
        files = self.files(**selection)
        if not files:
            return spark.createDataFrame([], schema)
        # Spark would guess partition columns from the paths, and refuse runs side by side; this option stops it.
        reader = spark.read.schema(to_spark(file_schema(self.table))).option("recursiveFileLookup", "true")
        day = F.regexp_extract(F.col("_metadata.file_path"), r"/dt=([^/]+)/[^/]+$", 1)
        rows = reader.parquet(*files).withColumn("dt", day)
        if column := SLICED_BY.get(self.table):
            rows = rows.withColumn(column, F.coalesce(column, F.lit(NAMES_OF_RELEASE_0_1[column])))
        return rows.select(*schema.names)

    def read_small(self, **selection: str | None) -> pa.Table:
        """The table's own columns of a selection, without Spark: for tables that are small by nature."""
        schema = file_schema(self.table)
        paths = sorted(path for each in self.slices(**selection) for path in self.files_of(each))
        rows = self.rows_of(paths)
        files = zip(self.located(paths), paths, strict=True)
        parts = (read_committed(file, schema, rows[path]) for file, path in files)
        return pa.concat_tables([schema.empty_table(), *parts])

    def history(self, limit: int | None = None) -> list[dict[str, Any]]:
        """The newest commits that the log still holds, newest first."""
        if self.delta is None:
            return []
        with reading_log(self.folder):
            return self.delta.history(limit)


def _open(folder: Location) -> DeltaTable | None:
    check_log(folder)
    with reading_log(folder):
        try:
            delta = DeltaTable(os.fspath(folder), storage_options=log_options(folder))
        except TableNotFoundError:
            return None
    check_protocol(folder, delta)
    return delta
