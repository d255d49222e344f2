"""Workers are settled by their first task, and go on working; whoever is no worker is left alone."""

import sys
import zipimport
from typing import TYPE_CHECKING

from interest_spark.platform.python_worker import settle, settled
from interest_spark.platform.tasks import each_in_a_task

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from pyspark.sql import SparkSession


def test_a_worker_is_settled_and_does_its_further_tasks(spark: "SparkSession") -> None:
    def served_by(number: int) -> "Iterator[tuple[int, bool, str]]":
        yield number, settle(), sys.modules["__main__"].worker.__name__  # type: ignore[attr-defined]

    assert each_in_a_task(spark, range(8), served_by) == [(n, True, "serve_at_once") for n in range(8)]
    assert spark.sparkContext.parallelize(range(100), 8).map(lambda n: n * 2).sum() == 9_900


def test_a_function_of_batches_settles_its_worker(spark: "SparkSession") -> None:
    def count(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        import pyarrow as pa

        name = sys.modules["__main__"].worker.__name__  # type: ignore[attr-defined]
        rows = sum(batch.num_rows for batch in batches)
        yield pa.RecordBatch.from_pydict({"worker": [name], "rows": pa.array([rows], pa.int64())})

    found = spark.range(9, numPartitions=3).mapInArrow(settled(count), "worker string, rows long").collect()
    assert [tuple(row) for row in found] == [("serve_at_once", 3)] * 3


def test_another_process_is_left_alone() -> None:
    before = zipimport.zipimporter.invalidate_caches
    assert not settle()
    assert zipimport.zipimporter.invalidate_caches is before
