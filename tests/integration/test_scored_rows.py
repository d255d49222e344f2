"""Metrics of scores on Spark equal those of the same rows as arrays."""

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from interest_spark.evaluation.scored_rows import grouped_auc, scored_figures
from interest_spark.metrics.scored.gauc import gauc
from interest_spark.metrics.scored.scored import SCORED_METRICS, Scored, scored_metric_named

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_equal_to_arrays(spark: "SparkSession") -> None:
    random = np.random.default_rng(4)
    score = random.integers(0, 200, 3_000) / 200
    label, group = random.random(3_000) < score, random.integers(0, 400, 3_000)
    rows = [(bool(y), float(p), int(g)) for y, p, g in zip(label, score, group, strict=True)]
    frame = spark.createDataFrame(rows, "label boolean, score double, group int").repartition(3)
    found = {row.metric: row.value for row in scored_figures(frame).collect()}
    scored = Scored.of_rows(label, score)
    assert found == {name: pytest.approx(scored_metric_named(name)(scored), abs=1e-9) for name in SCORED_METRICS}
    assert grouped_auc(frame) == pytest.approx(gauc(label, score, group), abs=1e-9)


def test_one_row_tells_nothing_of_order(spark: "SparkSession") -> None:
    frame = spark.createDataFrame([(True, 0.5, 1)], "label boolean, score double, group int")
    assert grouped_auc(frame) is None
    (row,) = scored_figures(frame, ["auc"]).collect()
    assert math.isnan(row.value)
