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
    """Write rows with the columns of `schema`, and a column `dt` that stands in the files' paths; returns the paths.

    A row group has `row_group_rows` rows, or as many as the writer likes.
    """
    if isinstance(folder, Url):
        write = partial(_write_partition, str(folder), schema, row_group_rows or _ROWS_A_GROUP)
        return sorted(row["path"] for row in rows.mapInArrow(write, "path string").collect())
    # Spark's writer closes a row group by size, but looks at the size only every so many rows: with a size that one
    # row exceeds, the rows decide.
    exactly = {"parquet.block.size": 1, "parquet.page.size.row.check.min": row_group_rows} if row_group_rows else {}
    rows.write.options(**exactly).partitionBy("dt").mode("error").parquet(str(folder))
    return data_files(folder)


def _write_partition(
    folder: str, schema: pa.Schema, row_group_rows: int, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """In a task: a file for each day that the partition has rows of; gives their paths."""
    from pyspark import TaskContext

    task = TaskContext.get()
    assert task is not None
    name = f"part-{task.partitionId():05d}-{uuid.uuid4().hex[:12]}.parquet"
    with tempfile.TemporaryDirectory(prefix="interest-rows-") as scratch:
        days: dict[str, _DayFile] = {}
        for batch in batches:
            for day in pc.unique(batch["dt"]).to_pylist():
                if day not in days:
                    days[day] = _DayFile(Path(scratch) / day, schema, row_group_rows)
                days[day].add(batch.filter(pc.equal(batch["dt"], day)))
        for day, file in days.items():
            path = f"{folder}/dt={day}/{name}"
            store, below = store_of(path)
            store.write(below, file.close())
            yield pa.RecordBatch.from_pydict({"path": pa.array([path])})


class _DayFile:
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
