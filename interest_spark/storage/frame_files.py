"""The rows of a DataFrame to files of a table.

In folders that all nodes see Spark's own writer makes the files, and moves each into its place. Objects in a store
cannot be moved: there tasks make files as those of `parts` are made, each stored by one request, and what a task that
failed or lost a race has stored is named to nobody.
"""

import tempfile
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interest_spark.foundation.locations import Location, Url
from interest_spark.storage.commit import data_files
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.table_schemas import conform

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_HELD_BYTES = 64 << 20
_ROWS_A_GROUP = 1 << 20


def write_frame(rows: "DataFrame", folder: Location, schema: pa.Schema, row_group_rows: int | None = None) -> list[str]:
    """Write rows with the columns of `schema`; returns the paths, in which a column `dt`, if there is one, stands.

    A row group has `row_group_rows` rows, or as many as the writer likes.
    """
    if isinstance(folder, Url):
        write = partial(_write_partition, str(folder), schema, row_group_rows or _ROWS_A_GROUP)
        return sorted(row["path"] for row in rows.mapInArrow(write, "path string").collect())
    # Spark's writer closes a row group by size, but looks at the size only every so many rows: with a size that one
    # row exceeds, the rows decide.
    parted = rows.write.partitionBy("dt") if "dt" in rows.columns else rows.write
    exactly = {"parquet.block.size": 1, "parquet.page.size.row.check.min": row_group_rows} if row_group_rows else {}
    parted.options(**exactly).mode("error").parquet(str(folder))
    return data_files(folder)


def _write_partition(
    folder: str, schema: pa.Schema, row_group_rows: int, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """In a task: a file for each day that the partition has rows of, one where rows have no day; gives their paths."""
    from pyspark import TaskContext

    task = TaskContext.get()
    assert task is not None
    name = f"part-{task.partitionId():05d}-{uuid.uuid4().hex[:12]}.parquet"
    with tempfile.TemporaryDirectory(prefix="interest-rows-") as scratch:
        files: dict[str, _File] = {}
        for above, rows in (each for batch in batches for each in _by_day(batch)):
            if above not in files:
                files[above] = _File(Path(scratch) / f"{len(files)}.parquet", schema, row_group_rows)
            files[above].add(rows)
        for above, file in files.items():
            path = f"{folder}/{above}{name}"
            store, below = store_of(path)
            store.write(below, file.close())
            yield pa.RecordBatch.from_pydict({"path": pa.array([path])})


def _by_day(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The rows by the folder that their file lies in."""
    if "dt" not in batch.schema.names:
        yield "", batch
        return
    for day in pc.unique(batch["dt"]).to_pylist():
        yield f"dt={day}/", batch.filter(pc.equal(batch["dt"], day))


class _File:
    """A file that grows by whole row groups; rows are held until they fill one, or take much memory."""

    def __init__(self, path: Path, schema: pa.Schema, row_group_rows: int) -> None:
        self._path, self._schema, self._group = path, schema, row_group_rows
        self._writer = pq.ParquetWriter(path, schema)
        self._held = schema.empty_table()

    def add(self, rows: pa.RecordBatch) -> None:
        self._held = pa.concat_tables([self._held, conform(pa.Table.from_batches([rows]), self._schema)])
        whole = self._held.num_rows // self._group * self._group
        if self._group == _ROWS_A_GROUP and self._held.nbytes > _HELD_BYTES:
            whole = self._held.num_rows
        self._write(whole)

    def close(self) -> Path:
        self._write(self._held.num_rows)
        self._writer.close()
        return self._path

    def _write(self, count: int) -> None:
        if count:
            self._writer.write_table(self._held.slice(0, count), row_group_size=self._group)
            self._held = self._held.slice(count)
