"""Staged files become a table's new version: the one atomic act, checked against rivals and written on one handle.

The base of a commit is the version that its run has *read*. Between that version and the newest one nobody may have
replaced the same slices (or, where the run looked at the whole table, any). The handle that this is checked on is
also the one that the commit is written from: the log refuses it if another commit came in between, and everything is
looked at again. So of two runs that would overwrite each other, or number the same items, exactly one succeeds.
"""

import json
import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Field, PostCommitHookProperties
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions
from pydantic import TypeAdapter

from interest_spark.foundation.errors import BadDataError, OvertakenError
from interest_spark.storage.layout import COMMITTED_PATH, Slice, run_folder
from interest_spark.storage.log_files import tidy_log
from interest_spark.storage.run_record import RunRecord, write_record
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import check_footer, delta_schema

_METADATA_KEY = "interest_spark"
_ATTEMPTS = 100
_PAUSE_SECONDS = 0.02
_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
# A removed file is named by the log for so long; maintain may delete it earlier, never later than it is forgotten.
_CONFIGURATION = {"delta.deletedFileRetentionDuration": "interval 30 days"}


@dataclass(frozen=True)
class _Description:
    """What a commit says of itself: who made it, and which slices it replaced."""

    run_id: str
    slices: tuple[tuple[str, str], ...]
    whole_table: bool
    content_kept: bool = False


@dataclass(frozen=True)
class StagedRun:
    """Files that were written for some slices of a table and that nobody can see yet."""

    table: str
    run_id: str
    slices: tuple[Slice, ...]
    actions: tuple[AddAction, ...]
    rows: int


def data_files(folder: Path) -> list[Path]:
    """Every data file below a folder, sorted."""
    return sorted(path for path in folder.rglob("*.parquet") if not path.name.startswith((".", "_")))


def stage_files(base: Snapshot, files: Sequence[Path], slices: Sequence[Slice], record: RunRecord) -> StagedRun:
    """What a run has written below its folder of the table, with every footer checked; writes the run's record.

    Each slice must have a file, if only one without rows: a slice is committed when the log names a file of it.
    """
    checked: list[pq.ParquetSchema] = []
    actions = tuple(_add_action(base, path, checked) for path in sorted(files))
    unreadable = [action.path for action in actions if not re.match(COMMITTED_PATH, action.path)]
    if unreadable:
        raise ValueError(f"{base.table}: no reader takes {unreadable[0]!r}; name runs and slices by letters and digits")
    found = {action.partition_values["dt"] for action in actions}
    wanted = {each.day for each in slices}
    if found != wanted:
        raise ValueError(f"{base.table}: rows of days {sorted(map(str, found ^ wanted))} in a run for {sorted(wanted)}")
    write_record(base.folder / run_folder(record.run_id), record)
    rows = sum(json.loads(action.stats)["numRecords"] for action in actions)
    return StagedRun(base.table, record.run_id, tuple(slices), actions, rows)


def commit(
    staged: StagedRun,
    base: Snapshot,
    *,
    whole_table: bool = False,
    exclusive: bool = False,
    content_kept: bool = False,
) -> int:
    """Replace the staged slices, or with `whole_table` all slices of their name, in one step; returns the new version.

    `exclusive`: the run depends on all of the table, so that any commit after `base` is a rival's. `content_kept`: the
    slices hold the same rows in other files, which is nobody's rival. Raises OvertakenError when a rival came first.
    """
    description = {
        "run_id": staged.run_id,
        "slices": [[each.day, each.name] for each in staged.slices],
        "whole_table": whole_table,
        "content_kept": content_kept,
    }
    properties = CommitProperties(
        custom_metadata={_METADATA_KEY: json.dumps(description, sort_keys=True)}, max_commit_retries=0
    )
    for attempt in range(_ATTEMPTS):
        time.sleep(random.uniform(0, _PAUSE_SECONDS * min(attempt, 10)))
        now = Snapshot(base.table, base.folder)
        _refuse_rivals(staged, base, now, whole_table=whole_table, exclusive=exclusive)
        try:
            version = _write(staged, now, properties, whole_table)
        except CommitFailedError:
            continue  # somebody committed in between: look again whether it concerns us
        except DeltaError as error:
            if "already exists" not in str(error).lower():
                raise
            continue
        tidy_log(base.folder, version)
        return version
    raise OvertakenError(f"table {base.table} is busy: {_ATTEMPTS} commits were overtaken; run the job again")


def remove_slices(base: Snapshot, slices: Sequence[Slice], run_id: str) -> int:
    """Take slices out of the table in one commit, which a reader of an earlier version does not notice."""
    return commit(StagedRun(base.table, run_id, tuple(slices), (), 0), base)


def _refuse_rivals(staged: StagedRun, base: Snapshot, now: Snapshot, *, whole_table: bool, exclusive: bool) -> None:
    commits = now.version - base.version
    if not commits:
        return
    entries = now.history(commits)
    if len(entries) < commits:
        raise _rival(staged, "other runs", f"{commits} times")
    for entry in entries:
        description = _description(now, entry)
        if description is None or description.content_kept:
            continue
        theirs = {Slice(day, name) for day, name in description.slices}
        same_name = bool({each.name for each in theirs} & {each.name for each in staged.slices})
        all_of_a_name = same_name and (whole_table or description.whole_table)
        if exclusive or all_of_a_name or theirs & set(staged.slices):
            days = ", ".join(sorted({each.day for each in theirs})[:3])
            raise _rival(staged, f"run {description.run_id}", days)


def _rival(staged: StagedRun, who: str, what: str) -> OvertakenError:
    return OvertakenError(
        f"table {staged.table}: {who} committed {what} while this run was at work; nothing was published, "
        "run the job again"
    )


def _description(table: Snapshot, entry: Mapping[str, Any]) -> "_Description | None":
    """What a commit says of itself; None for one that only adds columns. Release 0.1 named days alone.

    Raises BadDataError where somebody has changed it: what it replaced is not known then.
    """
    text = entry.get(_METADATA_KEY)
    if text is None:
        return None
    try:
        found = json.loads(text)
        if "slices" not in found:
            slices = [(day, "") for day in found.get("days", {})]
            found = {"run_id": found["run_id"], "slices": slices, "whole_table": found["replaces_all"]}
        return _descriptions().validate_python(found)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BadDataError(
            f"table {table.table}: its log says of a commit {str(text)[:100]!r}, which no run says of itself; "
            "restore the log from a copy of the warehouse"
        ) from None


@cache
def _descriptions() -> TypeAdapter[_Description]:
    return TypeAdapter(_Description)


def _write(staged: StagedRun, now: Snapshot, properties: CommitProperties, whole_table: bool) -> int:
    schema = delta_schema(staged.table)
    if now.delta is None:
        create_table_with_add_actions(
            str(now.folder),
            schema,
            list(staged.actions),
            mode="error",
            partition_by=["dt"],
            configuration=_CONFIGURATION,
            commit_properties=properties,
            post_commithook_properties=_HOOKS,
        )
        return 0
    if _add_missing_columns(now.delta, staged.table):
        raise CommitFailedError("columns were added: the commit starts from the version that has them")
    names = {each.name for each in staged.slices}
    replaced = [each for each in now.files_by_slice if each.name in names] if whole_table else staged.slices
    removed = [_remove_action(now, path) for each in replaced for path in now.files_of(each)]
    now.delta.create_write_transaction(
        [*removed, *staged.actions],
        "append",
        now.delta.schema(),
        partition_by=["dt"],
        commit_properties=properties,
        post_commithook_properties=_HOOKS,
    )
    return now.version + 1


def _add_missing_columns(delta: DeltaTable, table: str) -> bool:
    """Add the columns that the table has got since the log was begun; whether there were any."""
    known = {field.name for field in delta.schema().fields}
    missing: list[Field] = [field for field in delta_schema(table).fields if field.name not in known]
    if missing:
        delta.alter.add_columns(missing, post_commithook_properties=_HOOKS)
    return bool(missing)


def _add_action(base: Snapshot, path: Path, checked: "list[pq.ParquetSchema]") -> AddAction:
    metadata = pq.read_metadata(path)
    # A history may have thousands of files, which one or two writers have made.
    if not any(metadata.schema.equals(each) for each in checked):
        check_footer(base.table, path, metadata.schema.to_arrow_schema())
        checked.append(metadata.schema)
    stat = path.stat()
    return AddAction(
        path=path.relative_to(base.folder).as_posix(),
        size=stat.st_size,
        partition_values={"dt": path.parent.name.removeprefix("dt=")},
        modification_time=int(stat.st_mtime * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": metadata.num_rows}),
    )


def _remove_action(now: Snapshot, path: str) -> RemoveAction:
    return RemoveAction(
        path=path,
        deletion_timestamp=int(time.time() * 1000),
        data_change=True,
        partition_values={"dt": path.split("dt=")[1].split("/")[0]},
        size=now.size_of(path),
    )
