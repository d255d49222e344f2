"""The metrics equal their definitions written out in plain Python."""

import math
import random
from typing import TYPE_CHECKING

import pytest

from interest_spark.evaluation.metrics import mean_with_interval, ndcg_at, recall_at

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def recall(k: int, suggested: list[str], relevant: list[str]) -> float:
    return len(set(suggested[:k]) & set(relevant)) / len(relevant)


def ndcg(k: int, suggested: list[str], relevant: list[str]) -> float:
    dcg = sum(1 / math.log2(place + 1) for place, item in enumerate(suggested[:k], start=1) if item in relevant)
    return dcg / sum(1 / math.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))


def test_equal_to_the_definitions(spark: "SparkSession") -> None:
    """2,000 random lists: shorter and longer than k, no hit, all hits, more relevant items than places."""
    from pyspark.sql import functions as F

    rng = random.Random(4)
    names = [f"商品{number}" for number in range(12)]
    lists = [
        (number, rng.sample(names, rng.randint(0, 12)), rng.sample(names, rng.randint(1, 12))) for number in range(2000)
    ]
    frame = spark.createDataFrame(lists, "number int, suggested array<string>, relevant array<string>").repartition(2)
    columns = [
        metric(k, F.col("suggested"), F.col("relevant")).alias(f"{metric.__name__}_{k}")
        for metric in (recall_at, ndcg_at)
        for k in (1, 4, 10)
    ]
    for row in frame.select("number", *columns).collect():
        _, suggested, relevant = lists[row.number]
        for k in (1, 4, 10):
            assert row[f"recall_at_{k}"] == pytest.approx(recall(k, suggested, relevant), abs=1e-12)
            assert row[f"ndcg_at_{k}"] == pytest.approx(ndcg(k, suggested, relevant), abs=1e-12)


def test_mean_and_interval(spark: "SparkSession") -> None:
    frame = spark.createDataFrame(
        [("a", 0.0), ("a", 1.0), ("a", 1.0), ("a", 0.0), ("b", 0.25)], "slice string, value double"
    )
    by_slice = {row["slice"]: row for row in mean_with_interval(frame, "slice").collect()}
    half = 1.959963984540054 * math.sqrt(1 / 3) / 2
    assert by_slice["a"].value == 0.5 and by_slice["a"].users == 4
    assert by_slice["a"].low == pytest.approx(0.5 - half) and by_slice["a"].high == pytest.approx(0.5 + half)
    assert (by_slice["b"].value, by_slice["b"].low, by_slice["b"].high, by_slice["b"].users) == (0.25, None, None, 1)
