"""Data files that tasks read and write themselves; everything that touches them does so here."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import Bucket
from interest_spark.storage.committed_files import check_columns
from interest_spark.storage.damage import reading
from interest_spark.storage.file_stores import local_copy, local_draft, readable
from interest_spark.storage.table_schemas import conform, file_schema


def write_part(folder: str, table: str, day: str, rows: pa.Table, part: int | Bucket) -> str:
    """Write rows of a table where the run whose data folder it is will find them; returns the file's path.

    No other attempt of a task uses the same name, and a file is there wholly or under a name that nobody was told.
    """
    return _write(folder, day, conform(rows, file_schema(table)), part)


def write_days(folder: str, table: str, rows: pl.DataFrame, number: int) -> list[str]:
    """Like `write_part`, a file for each `dt` of the rows; returns the paths of the files."""
    in_order = rows if rows["dt"].is_sorted() else rows.sort("dt", maintain_order=True)
    # Slices of one Arrow table: a history may have thousands of days with few rows.
    whole = conform(in_order.to_arrow(compat_level=pl.CompatLevel.oldest()), file_schema(table)).combine_chunks()
    paths, start = [], 0
    for day, length in in_order.group_by("dt", maintain_order=True).len().iter_rows():
        paths.append(_write(folder, day, whole.slice(start, length), number))
        start += length
    return paths


def _write(folder: str, day: str, rows: pa.Table, part: int | Bucket) -> str:
    begin = part.file_name if isinstance(part, Bucket) else f"part-{part:05d}"
    target = f"{folder}/dt={day}/{begin}-{uuid.uuid4().hex[:12]}.parquet"
    with local_draft(target) as draft:
        pq.write_table(rows, draft)
    return target


def write_rows(folder: str, rows: pl.DataFrame) -> str:
    """Write rows of no table, for later tasks of the same run; returns the path, which no other attempt uses."""
    target = f"{folder}/part-00000-{uuid.uuid4().hex[:12]}.parquet"
    with local_draft(target) as draft:
        rows.write_parquet(draft)
    return target


def empty_frame(table: str) -> pl.DataFrame:
    """The table's own columns, without a row."""
    frame = pl.from_arrow(TABLES[table].empty_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def read_columns(files: Sequence[str], **columns: pl.DataType | type[pl.DataType]) -> pl.DataFrame:
    """The columns of all files, each read by itself: files of earlier releases may lack others.

    Raises BadDataError naming a file that is damaged.
    """
    parts = [pl.DataFrame(schema=columns)]
    for file in files:
        with reading(file), local_copy(file) as copy:
            parts.append(pl.scan_parquet(copy, glob=False).select(*columns).collect())
            pl.concat([parts[0], parts[-1].head(0)])  # refuses columns of other types
    return pl.concat(parts)


def read_pieces(path: str, columns: Sequence[str], rows: int = 1_000_000) -> Iterator[pl.DataFrame]:
    """The columns of a file, some row groups at a time: no more than `rows` rows unless one group has more.

    Raises BadDataError if the file is damaged.
    """
    with ExitStack() as kept:
        with reading(path):
            copy = kept.enter_context(local_copy(path))
            metadata = pq.read_metadata(copy)
            check_columns(path, metadata.schema.to_arrow_schema())
        for start, length in _pieces(metadata, rows):
            with reading(path):
                piece = pl.scan_parquet(copy, glob=False).select(*columns).slice(start, length).collect()
            yield piece


def read_table_pieces(path: str, table: str, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """Like `read_pieces`, columns of the table, by default all of its own; null are those that the file lacks."""
    types = empty_frame(table).schema
    wanted = {name: types[name] for name in columns or types}
    with reading(path), readable(path) as source:
        held = pq.read_schema(source).names
    for rows in read_pieces(path, [name for name in wanted if name in held]):
        missing = (pl.lit(None, kind).alias(name) for name, kind in wanted.items() if name not in held)
        yield rows.with_columns(missing).select(*wanted)


def _pieces(metadata: pq.FileMetaData, rows: int) -> Iterator[tuple[int, int]]:
    """Where each piece begins, and its length."""
    start, length = 0, 0
    for group in range(metadata.num_row_groups):
        size = metadata.row_group(group).num_rows
        if length and length + size > rows:
            yield start, length
            start, length = start + length, 0
        length += size
    if length:
        yield start, length
