"""Committed tables: Spark stages immutable Parquet, the driver commits the file list to a Delta log.

A reader takes the file list of one version and never lists a directory, so a staged, a killed or a
replaced run is invisible. One commit replaces whole days. Layout:

    <warehouse>/<table>/run=<run_id>/dt=<day>/part-*.parquet      staged by Spark
    <warehouse>/<table>/_delta_log/<version>.json                 committed by the driver
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, create_table_with_add_actions

from interest_spark.foundation.errors import BusyError, ConfigError
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.table_schemas import check_footer, delta_schema, spark_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_METADATA_KEY = "interest_spark"
_COMMIT_ATTEMPTS = 20


@dataclass(frozen=True)
class StagedRun:
    """Files that Spark has written for some days of a table and that nobody can see yet."""

    table: str
    run_id: str
    days: tuple[str, ...]
    base_version: int  # of the table when staging began, -1 before its first commit
    actions: tuple[AddAction, ...]
    rows: int


@dataclass(frozen=True)
class CommittedRun:
    """One commit: `days` maps each replaced day to the fingerprint of what it was made from."""

    version: int
    job: str
    run_id: str
    days: Mapping[str, str]
    inputs: Mapping[str, int]
    replaces_all: bool
    rows: int


def fingerprint(*parts: Any) -> str:
    """A short digest of JSON-able parts: equal inputs and settings give equal digests."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Warehouse:
    """The tables of one deployment below one folder that every node can reach."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()

    # Reading -----------------------------------------------------------------------------------

    def version(self, table: str) -> int:
        """The table's newest version, -1 before its first commit."""
        delta = self._open(table)
        return -1 if delta is None else delta.version()

    def files(
        self,
        table: str,
        *,
        day: str | None = None,
        after: str | None = None,
        through: str | None = None,
        version: int | None = None,
    ) -> list[str]:
        """Absolute paths of one version's files, sorted; of `day`, or of `after` < dt <= `through`."""
        delta = self._open(table, version)
        if delta is None:
            return []
        actions = pa.table(delta.get_add_actions(flatten=True))
        paths = zip(actions["path"].to_pylist(), actions["partition.dt"].to_pylist(), strict=True)
        return sorted(
            str(self._folder(table) / path)
            for path, dt in paths
            if (day is None or dt == day) and (after is None or dt > after) and (through is None or dt <= through)
        )

    def read(self, spark: "SparkSession", table: str, **selection: Any) -> "DataFrame":
        """The rows of one version with their `dt`; `selection` is that of `files`."""
        from pyspark.sql.types import StringType, StructField, StructType

        schema = StructType([*spark_schema(table).fields, StructField("dt", StringType())])
        files = self.files(table, **selection)
        if not files:
            return spark.createDataFrame([], schema)
        # The day stands in the path only; `run=` is dropped by the final select.
        reader = spark.read.schema(schema).option("basePath", str(self._folder(table)))
        return reader.parquet(*files).select(*schema.names)

    def read_small(self, table: str, **selection: Any) -> pa.Table:
        """The rows of a table that is small by nature, such as `models` or `metrics`, without Spark."""
        schema = TABLES[table]
        parts = (pq.ParquetFile(path).read().cast(schema) for path in self.files(table, **selection))
        return pa.concat_tables([schema.empty_table(), *parts])

    def days(self, table: str) -> list[str]:
        """Every committed day, also those whose partition is empty, ascending."""
        return sorted(self._newest_by_day(table))

    def committed(self, table: str, day: str) -> CommittedRun | None:
        """The commit that the day's present content comes from."""
        return self._newest_by_day(table).get(day)

    def is_current(self, table: str, day: str, made_from: str) -> bool:
        """Whether the day is committed and was made from exactly these inputs and settings."""
        run = self.committed(table, day)
        return run is not None and run.days.get(day) == made_from

    def content_id(self, table: str, **selection: Any) -> str:
        """A digest of a selection's files. Files are immutable, so equal digests mean equal content."""
        return fingerprint([os.path.relpath(path, self.root) for path in self.files(table, **selection)])

    def history(self, table: str) -> list[CommittedRun]:
        """Every commit of the table, newest first."""
        delta = self._open(table)
        return [] if delta is None else [_committed_run(entry) for entry in delta.history()]

    # Writing -----------------------------------------------------------------------------------

    def check_writable(self) -> None:
        """Raise ConfigError unless files can be made in the warehouse."""
        probe = self.root / f".probe-{os.getpid()}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise ConfigError(
                f"warehouse {self.root} cannot be written: {error.strerror}; "
                "give the job's user write permission or set warehouse to another folder"
            ) from None

    def stage(
        self,
        frame: "DataFrame",
        table: str,
        days: Iterable[str],
        run_id: str,
        options: Mapping[str, str | int] | None = None,
    ) -> StagedRun:
        """Write `frame`, which has the table's columns and `dt`, where no reader looks; check every footer.

        `days` are the days that the commit will replace, with or without rows; a row of another day is an error.
        `options` go to Spark's Parquet writer.
        """
        base_version = self.version(table)
        folder = self._folder(table) / f"run={run_id}"
        rows_with_day = frame.select(*TABLES[table].names, "dt")
        rows_with_day.write.options(**(options or {})).partitionBy("dt").mode("error").parquet(str(folder))
        actions = tuple(self._add_action(table, path) for path in sorted(folder.glob("dt=*/*.parquet")))
        staged = tuple(sorted(days))
        strangers = {action.partition_values["dt"] for action in actions} - set(staged)
        if strangers:
            raise ValueError(f"{table}: rows of days {sorted(map(str, strangers))} in a run for {staged}")
        rows = sum(json.loads(action.stats)["numRecords"] for action in actions)
        return StagedRun(table, run_id, staged, base_version, actions, rows)

    def commit(
        self,
        staged: StagedRun,
        *,
        job: str,
        made_from: str | Mapping[str, str],
        inputs: Mapping[str, int] | None = None,
        replaces_all: bool = False,
        exclusive: bool = False,
    ) -> int:
        """Replace the staged days, or with `replaces_all` the whole table, in one atomic step.

        `made_from` is the fingerprint of the run's inputs and settings, one for all days or one a day;
        `inputs` the version of each table read. Returns the new version. Raises BusyError when another
        run has changed one of these days (with `exclusive`: any day) since staging began.
        """
        prints = dict.fromkeys(staged.days, made_from) if isinstance(made_from, str) else dict(made_from)
        metadata = {
            "job": job,
            "run_id": staged.run_id,
            "days": prints,
            "inputs": dict(inputs or {}),
            "replaces_all": replaces_all,
            "rows": staged.rows,
        }
        properties = CommitProperties(
            custom_metadata={_METADATA_KEY: json.dumps(metadata, sort_keys=True)}, max_commit_retries=0
        )
        for _ in range(_COMMIT_ATTEMPTS):
            self._refuse_rivals(staged, whole_table=replaces_all or exclusive)
            try:
                self._write_log(staged, properties, replaces_all)
            except CommitFailedError:
                continue  # somebody committed in between: look again whether it concerns us
            except DeltaError as error:
                if "already exists" not in str(error).lower():
                    raise
                continue
            version = next(run.version for run in self.history(staged.table) if run.run_id == staged.run_id)
            return version
        raise BusyError(f"table {staged.table} is busy: {_COMMIT_ATTEMPTS} commits were overtaken; run the job again")

    def vacuum(self, table: str, retention_hours: int, *, dry_run: bool = False) -> list[str]:
        """Delete files that no version of the last `retention_hours` names; returns their paths."""
        delta = self._open(table)
        if delta is None:
            return []
        gone = delta.vacuum(retention_hours, dry_run=dry_run, enforce_retention_duration=False, full=True)
        if not dry_run:
            self._remove_empty_runs(table, retention_hours)
        return gone

    # -------------------------------------------------------------------------------------------

    def _folder(self, table: str) -> Path:
        if table not in TABLES:
            raise ConfigError(f"table {table!r} is unknown; known tables: {', '.join(TABLES)}")
        return self.root / table

    def _remove_empty_runs(self, table: str, retention_hours: int) -> None:
        """A young empty folder may be a run that has just begun to stage; an old one holds nothing any more."""
        oldest = time.time() - retention_hours * 3600
        folders = sorted(self._folder(table).glob("run=*/**/"), reverse=True)  # the inner ones first
        old = [folder for folder in folders if folder.stat().st_mtime < oldest]  # removing one makes its parent young
        for folder in old:
            if not any(folder.iterdir()):
                folder.rmdir()

    def _open(self, table: str, version: int | None = None) -> DeltaTable | None:
        try:
            return DeltaTable(str(self._folder(table)), version=version)
        except TableNotFoundError:
            return None

    def _newest_by_day(self, table: str) -> dict[str, CommittedRun]:
        newest: dict[str, CommittedRun] = {}
        for run in self.history(table):
            for day in run.days:
                newest.setdefault(day, run)
            if run.replaces_all:
                break
        return newest

    def _add_action(self, table: str, path: Path) -> AddAction:
        metadata = pq.read_metadata(path)
        check_footer(table, path, metadata.schema.to_arrow_schema())
        stat = path.stat()
        return AddAction(
            path=str(path.relative_to(self._folder(table))),
            size=stat.st_size,
            partition_values={"dt": path.parent.name.removeprefix("dt=")},
            modification_time=int(stat.st_mtime * 1000),
            data_change=True,
            stats=json.dumps({"numRecords": metadata.num_rows}),
        )

    def _refuse_rivals(self, staged: StagedRun, *, whole_table: bool) -> None:
        for run in self.history(staged.table):
            if run.version <= staged.base_version:
                return
            if whole_table or run.replaces_all or set(run.days) & set(staged.days):
                raise BusyError(
                    f"table {staged.table}: run {run.run_id} committed {', '.join(sorted(run.days)[:3])} "
                    f"while this run was at work; nothing was published, run the job again"
                )

    def _write_log(self, staged: StagedRun, properties: CommitProperties, replaces_all: bool) -> None:
        schema = delta_schema(staged.table)
        hooks = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
        delta = self._open(staged.table)
        if delta is None:
            create_table_with_add_actions(
                str(self._folder(staged.table)),
                schema,
                list(staged.actions),
                mode="error",
                partition_by=["dt"],
                commit_properties=properties,
                post_commithook_properties=hooks,
            )
            return
        delta.create_write_transaction(
            list(staged.actions),
            "overwrite",
            schema,
            partition_by=["dt"],
            partition_filters=None if replaces_all else [("dt", "in", list(staged.days))],
            commit_properties=properties,
            post_commithook_properties=hooks,
        )


def _committed_run(entry: Mapping[str, Any]) -> CommittedRun:
    metadata = json.loads(entry.get(_METADATA_KEY, "{}"))
    return CommittedRun(
        version=int(entry["version"]),
        job=metadata.get("job", entry.get("operation", "")),
        run_id=metadata.get("run_id", ""),
        days=metadata.get("days", {}),
        inputs=metadata.get("inputs", {}),
        replaces_all=metadata.get("replaces_all", False),
        rows=metadata.get("rows", 0),
    )
