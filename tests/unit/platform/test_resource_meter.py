"""What a piece of work has taken: its own exchange, whatever runs beside it, and the memory of its processes."""

import threading
from typing import TYPE_CHECKING

import pytest

from interest_spark.foundation.resource_use import ResourceUse
from interest_spark.platform.resource_meter import metered

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def exchange(spark: "SparkSession", rows: int) -> ResourceUse:
    with metered(spark.sparkContext) as use:
        spark.range(rows).repartition(3).foreach(lambda row: None)
    return use


def test_work_side_by_side_counts_its_own_exchange(spark: "SparkSession") -> None:
    uses: dict[int, ResourceUse] = {}

    def work(rows: int) -> None:
        uses[rows] = exchange(spark, rows)

    threads = [threading.Thread(target=work, args=(rows,)) for rows in (10, 200_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    few, many = uses[10], uses[200_000]
    assert few.shuffle_bytes and many.shuffle_bytes
    assert few.shuffle_bytes < 10_000 < 200_000 < many.shuffle_bytes
    assert many.driver_memory_mb is not None and many.driver_memory_mb > 100  # Python and Java


def test_work_that_exchanges_nothing_and_fails_is_told(spark: "SparkSession") -> None:
    with pytest.raises(ZeroDivisionError), metered(spark.sparkContext) as use:
        spark.range(5).foreach(lambda row: None)
        raise ZeroDivisionError
    assert use.shuffle_bytes == 0
    assert not list(spark.sparkContext.getJobTags())
