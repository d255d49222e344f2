"""Raw files to a DataFrame of numbered records: one Spark task a file, nothing on the driver."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.config.sources import SourceConfig
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.lines import UnreadableFileError
from interest_spark.sources.records import Record, read_records

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_BATCH_LINES = 20_000


def raw_table(
    spark: "SparkSession",
    deliveries: Sequence[Delivery],
    source: SourceConfig,
    fields: Sequence[str],
    max_line_bytes: int,
) -> "DataFrame":
    """Columns `delivery_day, source_file, source_line, raw, reason, file_fault` and a text column a field.

    Field columns are named `field_0`, `field_1`, … in the order of `fields`. A file that cannot be read to
    its end gives one extra row whose `file_fault` says why.
    """
    schema = _arrow_schema(len(fields))
    rows = [(delivery.day, delivery.path) for delivery in deliveries]
    files = spark.createDataFrame(
        spark.sparkContext.parallelize(rows, numSlices=max(len(rows), 1)), "delivery_day string, path string"
    )

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for day, path in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield from _read_file(day, path, source, fields, max_line_bytes, schema)

    return files.mapInArrow(read, _spark_schema(len(fields)))


def _read_file(
    day: str | None, path: str, source: SourceConfig, fields: Sequence[str], max_line_bytes: int, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    fault = None
    batch: list[Record] = []
    try:
        for record in read_records(path, source, fields, max_line_bytes):
            batch.append(record)
            if len(batch) == _BATCH_LINES:
                yield _to_arrow(day, path, batch, None, schema)
                batch = []
    except UnreadableFileError as error:
        fault = str(error)
        batch.append(Record(0, [None] * len(fields)))
    if batch:
        yield _to_arrow(day, path, batch, fault, schema)


def _to_arrow(
    day: str | None, path: str, batch: Sequence[Record], fault: str | None, schema: pa.Schema
) -> pa.RecordBatch:
    count = len(batch)
    columns = [
        pa.array([day] * count, pa.string()),
        pa.array([path] * count, pa.string()),
        pa.array([record.line for record in batch], pa.int64()),
        pa.array([record.raw for record in batch], pa.string()),
        pa.array([record.reason for record in batch], pa.string()),
        pa.array([None] * (count - 1) + [fault], pa.string()),
    ]
    for values in zip(*(record.values for record in batch), strict=True):
        columns.append(pa.array(values, pa.string()))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _arrow_schema(field_count: int) -> pa.Schema:
    names = ["delivery_day", "source_file", "source_line", "raw", "reason", "file_fault"]
    names += [f"field_{place}" for place in range(field_count)]
    return pa.schema([(name, pa.int64() if name == "source_line" else pa.string()) for name in names])


def _spark_schema(field_count: int) -> str:
    return ", ".join(
        f"{name} {'bigint' if name == 'source_line' else 'string'}" for name in _arrow_schema(field_count).names
    )
