"""Many small files of a slice become few large ones with the same rows; what was made from the slice stays current."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.foundation.errors import BadDataError, BusyError
from interest_spark.foundation.log import get_logger
from interest_spark.storage.commit import commit, data_files, stage_files
from interest_spark.storage.committed_files import check_columns
from interest_spark.storage.damage import reading, remedy_for
from interest_spark.storage.file_stores import local_copy, local_draft
from interest_spark.storage.layout import BUCKET_FILE, Slice, compacted_run_id, data_folder, run_of
from interest_spark.storage.run_record import EVERY_DAY, RunRecord
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import conform, file_schema

_FILE_BYTES = 128 * 2**20
_ROWS_AT_ONCE = 65_536


def compact(table: Snapshot, run_id: str) -> int:
    """Rewrite the slices that have more files than they need, or files where release 0.1 put them; returns how many.

    A slice that somebody replaces meanwhile is left as it is then.
    """
    done = 0
    for number, each in enumerate(_scattered(table)):
        try:
            _compact_slice(table, each, compacted_run_id(table.content(each), f"{run_id}-{number}"))
            done += 1
        except BusyError as error:
            get_logger().warning("slice not compacted", table=table.table, slice=str(each), reason=str(error))
    return done


def _scattered(table: Snapshot) -> list[Slice]:
    found = []
    for each, files in table.files_by_slice.items():
        needed = -(-sum(map(table.size_of, files)) // _FILE_BYTES)
        misplaced = any("=" in run_of(path) for path in files)
        if any(map(BUCKET_FILE.search, files)):
            continue  # in one file, no later day would find its users
        if len(files) > max(needed, 1) or misplaced:
            found.append(each)
    return found


def _compact_slice(table: Snapshot, each: Slice, run_id: str) -> None:
    folder = table.folder / data_folder(run_id, each.name) / f"dt={each.day}"
    schema = file_schema(table.table)
    files = table.located(table.files_by_slice[each])
    for number, group in enumerate(_groups(files, list(map(table.size_of, table.files_by_slice[each])))):
        with (
            local_draft(f"{folder}/part-{number}.parquet") as draft,
            pq.ParquetWriter(draft, schema) as writer,
        ):
            for path in group:
                for rows in _batches(path, schema):
                    writer.write_table(rows)
    earlier = table.record(each) or RunRecord(run_id, {}, {})
    made_from = earlier.of(each.day)
    record = RunRecord(run_id, {EVERY_DAY: made_from} if made_from else {}, earlier.versions, earlier.files)
    staged = stage_files(table, data_files(folder), [each], record)
    _check_rows(table, each, staged.rows)
    commit(staged, table, content_kept=True)


def _check_rows(table: Snapshot, each: Slice, found: int) -> None:
    """Raise BadDataError where files have lost rows since they were committed, which a rewrite would hide for ever."""
    files = table.files_by_slice[each]
    rows = [count for count in table.rows_of(files).values() if count is not None]
    if len(rows) == len(files) and sum(rows) != found:
        raise BadDataError(
            f"table {table.table}: the files of {each} hold {found:,} rows and were committed with {sum(rows):,}; "
            f"{remedy_for(f'{table.folder}/{files[0]}')}"
        )


def _batches(path: str, schema: pa.Schema) -> Iterator[pa.Table]:
    with reading(path), local_copy(path) as copy, pq.ParquetFile(copy) as file:
        check_columns(path, file.schema_arrow)
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            yield conform(pa.Table.from_batches([batch]), schema)


def _groups(files: Sequence[str], sizes: Sequence[int]) -> list[list[str]]:
    """The files in their order, in groups of about _FILE_BYTES."""
    groups: list[list[str]] = [[]]
    filled = 0
    for path, size in zip(files, sizes, strict=True):
        if groups[-1] and filled + size > _FILE_BYTES:
            groups.append([])
            filled = 0
        groups[-1].append(path)
        filled += size
    return groups
