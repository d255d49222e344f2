"""Intervals of differences against those of one process."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pytest

from interest_spark.evaluation.statistics.paired import paired_interval, paired_intervals

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_paired_intervals_are_those_of_the_same_users_in_one_place(spark: "SparkSession") -> None:
    random = np.random.default_rng(9)
    rows = [(f"u{n}", float(a), float(b)) for n, (a, b) in enumerate(random.random((700, 2)) ** 3)]
    frame = spark.createDataFrame(rows, "user_id string, ours double, theirs double").repartition(3)
    found = paired_intervals(frame, {"gain": frame.ours - frame.theirs, "none": frame.ours * 0}, resamples=200)
    keyed = frame.selectExpr("xxhash64(user_id) AS key", "ours", "theirs").toPandas()
    expected = paired_interval(keyed.ours.to_numpy(), keyed.theirs.to_numpy(), keyed.key.to_numpy(), resamples=200)
    assert asdict(found["gain"]) == pytest.approx(asdict(expected), abs=2e-9)
    assert asdict(found["none"]) == {"difference": 0.0, "low": 0.0, "high": 0.0, "users": 700}
