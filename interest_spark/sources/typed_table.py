"""Raw files to a DataFrame of typed rows: small files share a Spark task, large ones have several."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.schemas.tables import TABLES
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.piece_rows import LINE_COLUMNS
from interest_spark.sources.pieces import Piece, tasks_of
from interest_spark.storage.table_schemas import to_spark

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import DataFrame, SparkSession

_TASKS = "pieces array<struct<day: string, path: string, start: bigint, end: bigint, first_line: bigint>>"


def typed_table(
    spark: "SparkSession",
    deliveries: Sequence[Delivery],
    kind: str,
    read_pieces: Callable[[Iterable[Piece]], "Iterator[pl.DataFrame]"],
) -> "DataFrame":
    """The rows that `read_pieces` gives as `CanonicalReader.read` does for a `kind`.

    Those alone that have a reason have `raw`: it is half of all bytes.
    """
    table = TABLES[kind]
    schema = pa.schema([(name, pa.int64() if name == "source_line" else pa.string()) for name in LINE_COLUMNS])
    for name in table.names:
        schema = schema if name in LINE_COLUMNS else schema.append(table.field(name))
    rows = [([asdict(piece) for piece in pieces],) for pieces in tasks_of(spark.sparkContext, deliveries)]
    tasks = spark.createDataFrame(spark.sparkContext.parallelize(rows, numSlices=max(len(rows), 1)), _TASKS)

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for pieces in batch.column(0).to_pylist():
                for frame in read_pieces(Piece(**piece) for piece in pieces):
                    raw = frame["raw"].set(frame["reason"].is_null(), None)
                    yield from _to_arrow(frame.with_columns(raw), schema).to_batches()

    return tasks.mapInArrow(read, to_spark(schema))


def _to_arrow(frame: "pl.DataFrame", schema: pa.Schema) -> pa.Table:
    import polars as pl

    table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    columns = [
        _as_map(column.chunk(0), kind) if pa.types.is_map(kind) else column.cast(kind)
        for column, kind in zip(table.columns, schema.types, strict=True)
    ]
    return pa.table(columns, schema=schema)


def _as_map(pairs: pa.Array, kind: pa.MapType) -> pa.Array:
    """Lists of `key` and `value`, all or none of them null, as Spark takes maps."""
    if pairs.null_count:
        return pa.nulls(len(pairs), kind)
    keys, values = (pairs.values.field(place).cast(pa.string()) for place in (0, 1))
    return pa.MapArray.from_arrays(pairs.offsets.cast(pa.int32()), keys, values).cast(kind)
