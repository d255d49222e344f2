"""DataFrames to files in S3: the same rows and row groups as on this machine, nothing moved, nothing of lost tasks."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interest_spark.foundation.locations import Location, Url
from interest_spark.storage.file_stores import readable
from interest_spark.storage.frame_files import write_frame
from tests.cluster.s3_server import BUCKET, S3Server

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SCHEMA = pa.schema(
    {"user_id": pa.string(), "items": pa.list_(pa.int32()), "score": pa.float64(), "at": pa.timestamp("us", "UTC")}
)


@pytest.fixture
def folder(s3: S3Server) -> Url:
    return Url(f"s3://{BUCKET}/{secrets.token_hex(4)}")


def _frame(spark: "SparkSession", rows: int, days: int) -> "DataFrame":
    from pyspark.sql import functions as F

    ids = spark.range(0, rows, 1, 3)
    return ids.select(
        F.col("id").cast("string").alias("user_id"),
        F.array(F.col("id").cast("int"), F.lit(None).cast("int")).alias("items"),
        F.when(F.col("id") % 7 > 0, F.col("id") / 3).alias("score"),
        F.timestamp_seconds(F.col("id")).alias("at"),
        F.format_string("2026-01-%02d", (F.col("id") % days + 1).cast("int")).alias("dt"),
    )


def _groups(files: list[str]) -> list[tuple[str, list[list[dict[str, object]]]]]:
    """By day and part, the rows of each row group."""
    found = []
    for file in sorted(files):
        day, name = file.split("/")[-2:]
        with readable(file) as source, pq.ParquetFile(source) as opened:
            assert opened.schema_arrow.names == SCHEMA.names
            groups = [opened.read_row_group(number).to_pylist() for number in range(opened.num_row_groups)]
        found.append((f"{day}/{name[:10]}", groups))
    return found


@pytest.mark.parametrize(("rows", "days", "group"), [(0, 1, None), (1, 1, None), (5000, 1, 64), (500, 31, None)])
def test_the_same_rows_in_the_same_row_groups(
    spark: "SparkSession", folder: Url, tmp_path: Path, rows: int, days: int, group: int | None
) -> None:
    places: list[Location] = [tmp_path / "here", folder]
    here, there = (_groups(write_frame(_frame(spark, rows, days), place, SCHEMA, group)) for place in places)
    assert there == here or (not rows and not there)
    assert sum(len(each) for _, groups in there for each in groups) == rows


def test_each_file_is_one_request(spark: "SparkSession", folder: Url, s3: S3Server) -> None:
    before = s3.count()
    files = write_frame(_frame(spark, 500, 2), folder, SCHEMA)
    assert s3.count() - before == {"PutObject": len(files)}


def test_a_task_that_failed_after_writing_leaves_what_nobody_names(spark: "SparkSession", folder: Url) -> None:
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as F

    def fail_at_the_end(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from batches
        raise ValueError("the end")

    frame = _frame(spark, 500, 1)
    broken = frame.mapInArrow(fail_at_the_end, frame.schema).withColumn("dt", F.lit("2026-01-01"))
    with pytest.raises(PySparkException, match="the end"):
        write_frame(broken, folder, SCHEMA)
