"""Means and intervals by hand."""

import math
from typing import TYPE_CHECKING

import pytest

from interest_spark.evaluation.intervals import mean_with_interval

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_mean_and_interval(spark: "SparkSession") -> None:
    frame = spark.createDataFrame(
        [("a", 0.0), ("a", 1.0), ("a", 1.0), ("a", 0.0), ("b", 0.25)], "slice string, value double"
    )
    by_slice = {row["slice"]: row for row in mean_with_interval(frame, "slice").collect()}
    half = 1.959963984540054 * math.sqrt(1 / 3) / 2
    assert by_slice["a"].value == 0.5 and by_slice["a"].users == 4
    assert by_slice["a"].low == pytest.approx(0.5 - half) and by_slice["a"].high == pytest.approx(0.5 + half)
    assert (by_slice["b"].value, by_slice["b"].low, by_slice["b"].high, by_slice["b"].users) == (0.25, None, None, 1)
