"""What lists cannot have known is planted in what they were made from, refused with exit 3, and named."""

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interest_spark.foundation.errors import EXIT_BAD_DATA, BadDataError
from interest_spark.storage.warehouse import Warehouse
from tests.integration.test_evaluate_job import CUTOFF, DAY, build, run, suggestions
from tests.integration.warehouse_world import commit, item_id, popularity, sequence, write_model

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

Plant = Callable[["SparkSession", Path], None]


def count_the_future(spark: "SparkSession", root: Path) -> None:
    """Popularity, which fills lists up, counts an event of item 3 that only the week after has."""
    days = [(item_id(item), "view", count, 0) for item, count in {2: 50, 3: 39, 4: 30, 5: 20, 6: 10}.items()]
    commit(spark, root, "item_days", CUTOFF, days)
    commit(spark, root, "item_days", DAY, [(item_id(3), "view", 1, 0)])


def train_on_the_future(spark: "SparkSession", root: Path) -> None:
    write_model(root / "bundles" / "m1", [2, 3], 10, "m1")  # trained through 2026-01-10


def remember_the_future(spark: "SparkSession", root: Path) -> None:
    later = datetime(2026, 1, 4, tzinfo=timezone.utc)
    commit(spark, root, "sequences", CUTOFF, [sequence("ann", [7]), sequence("ben", [2], event_time=[later])])


def suggest_the_future(spark: "SparkSession", root: Path) -> None:
    commit(spark, root, "recommendations", CUTOFF, suggestions("ann", [5, 2, 20]))


@pytest.mark.parametrize(
    ("plant", "named"),
    [
        (count_the_future, "popularity of 2026-01-03 counts 40 events of item '商品-3', and there were 39 by then"),
        (train_on_the_future, "model m1 was trained through 2026-01-10, so it has learnt events that judge"),
        (remember_the_future, "a history of 2026-01-03 holds an event of 2026-01-04T00:00:00+00:00, after that day's"),
        (suggest_the_future, "hold item '商品-20', first seen on 2026-01-10: they were made after the events that"),
    ],
)
def test_a_planted_leak_is_refused_and_named(spark: "SparkSession", tmp_path: Path, plant: Plant, named: str) -> None:
    build(spark, tmp_path)
    plant(spark, tmp_path)
    with pytest.raises(BadDataError) as refused:
        run(spark, tmp_path)
    assert refused.value.exit_code == EXIT_BAD_DATA
    assert str(refused.value).startswith("leak: ") and named in str(refused.value)
    assert "\n" not in str(refused.value) and "interest " in str(refused.value)
    assert Warehouse(tmp_path).version("metrics") == -1


def test_what_was_known_is_no_leak(spark: "SparkSession", tmp_path: Path) -> None:
    """Popularity may count fewer events than there were, and an item of a day filled in later is numbered later."""
    build(spark, tmp_path)
    commit(spark, tmp_path, "item_days", CUTOFF, [(item_id(item), "view", 60, 0) for item in range(2, 7)])
    commit(spark, tmp_path, "popularity", CUTOFF, popularity({2: 50, 3: 40, 4: 30, 5: 20, 6: 10}))
    vocab = [(item_id(item), item, CUTOFF if item != 9 else DAY) for item in range(2, 10)]
    commit(spark, tmp_path, "vocab", CUTOFF, vocab)  # item 9 is in lists, and in events of before
    assert run(spark, tmp_path).status == "done"
