"""Raw files to a DataFrame of numbered records: small files share a Spark task, large ones have several."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.config.sources import SourceConfig
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.pieces import Piece, tasks_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_TASKS = "pieces array<struct<day: string, path: string, start: bigint, end: bigint, first_line: bigint>>"


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
    schema = arrow_schema(len(fields))
    rows = [([asdict(piece) for piece in pieces],) for pieces in tasks_of(spark.sparkContext, deliveries)]
    tasks = spark.createDataFrame(spark.sparkContext.parallelize(rows, numSlices=max(len(rows), 1)), _TASKS)

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # Brings in Polars, which drivers do without.
        from interest_spark.sources.piece_rows import read_piece

        for batch in batches:
            for pieces in batch.column(0).to_pylist():
                for piece in pieces:
                    yield from read_piece(Piece(**piece), source, fields, max_line_bytes, schema)

    return tasks.mapInArrow(read, _spark_schema(len(fields)))


def arrow_schema(field_count: int) -> pa.Schema:
    """The columns, all text but the line's number."""
    names = ["delivery_day", "source_file", "source_line", "raw", "reason", "file_fault"]
    names += [f"field_{place}" for place in range(field_count)]
    return pa.schema([(name, pa.int64() if name == "source_line" else pa.string()) for name in names])


def _spark_schema(field_count: int) -> str:
    return ", ".join(
        f"{name} {'bigint' if name == 'source_line' else 'string'}" for name in arrow_schema(field_count).names
    )
