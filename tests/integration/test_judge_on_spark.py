"""Lists judged on Spark equal the definitions in plain Python, in a thousand random cases: contenders of ten worlds."""

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interest_spark.evaluation.evaluate import judge_lists
from interest_spark.evaluation.known_items import ItemFiles
from interest_spark.evaluation.tally import MODEL, Question
from interest_spark.metrics.lists.list_metric import LIST_METRICS
from interest_spark.metrics.metric import METRICS
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import commit, popularity
from tests.judged_worlds import IDS, World, random_items, random_world

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.slow

DAY = "2026-01-03"
CASES = 100
USERS = (1, 2, 3, 5, 8, 8, 13, 13, 21, 34)
COLUMNS = (
    "user_id string, relevant array<string>, behaviors array<int>, platforms array<string>, source string, "
    "region string, events long, history array<int>, seen array<int>"
)


def number_of(item: str) -> int:
    return IDS.index(item) + 2


def frame_of(spark: "SparkSession", world: World, contenders: list[str]) -> "DataFrame":
    rows: list[tuple[Any, ...]] = []
    for place, user in enumerate(world.users):
        known = ([number_of(item) for item in each] for each in (user.history, user.seen))
        bits, platforms = [1] * len(user.relevant), [None] * len(user.relevant)
        lists = [world.lists[name][place] or None for name in contenders]
        rows.append((f"u{place}", list(user.relevant), bits, platforms, None, None, 1, *known, *lists))
    schema = ", ".join([COLUMNS, *(f"`{name}` array<string>" for name in contenders)])
    return spark.createDataFrame(rows, schema).repartition(3)


def test_equal_to_plain_python(spark: "SparkSession", tmp_path: Path) -> None:
    rng = random.Random(6)
    items = random_items(rng)
    commit(spark, tmp_path, "vocab", DAY, [(item, number_of(item), DAY) for item in IDS])
    described = [(item, None, None, items.category.get(item), None, None, None, None, None) for item in IDS]
    commit(spark, tmp_path, "items", DAY, described)
    commit(spark, tmp_path, "popularity", DAY, popularity({number_of(item): items.events[item] for item in IDS}))
    warehouse = Warehouse(tmp_path)
    files = ItemFiles(*(tuple(warehouse.files(table)) for table in ("vocab", "items", "popularity")), DAY, ())
    contenders = [MODEL, "popularity", *(f"c{number}" for number in range(CASES - 2))]
    for users in USERS:
        world = random_world(rng, items, contenders, users)
        question = Question(tuple(contenders), METRICS, LIST_METRICS, world.k, ("view",), files, resamples=8, flips=64)
        rows = judge_lists(frame_of(spark, world, contenders), question).collect()
        found = {(row.slice, row.metric): row.value for row in rows if row.against is None}
        for name in contenders:
            for metric, value in world.expected(name).items():
                expected = None if value is None else pytest.approx(value, abs=1e-9)
                assert found[name, f"{metric}@{world.k}"] == expected, (users, name, metric)
