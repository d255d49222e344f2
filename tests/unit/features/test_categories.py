"""Numbers of categories are given once, in the order of the text, and on from those that are there."""

from typing import TYPE_CHECKING

import pytest

from interest_spark.features.categories import new_categories

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def items(spark: "SparkSession", *categories: str | None) -> "DataFrame":
    rows = [(f"item {place}", category, "2026-01-01") for place, category in enumerate(categories)]
    return spark.createDataFrame(rows, "item_id string, category string, dt string")


def given(spark: "SparkSession", numbers: dict[str, int]) -> "DataFrame":
    rows = [(category, index, "2025-12-31", "2025-12-31") for category, index in numbers.items()]
    return spark.createDataFrame(rows, "category string, category_index int, first_day string, dt string")


@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_is_that_of_the_text(spark: "SparkSession", backwards: bool) -> None:
    named = ["games", None, "books", "home/厨房", "books", "Books"]
    rows = new_categories(items(spark, *(reversed(named) if backwards else named)), given(spark, {}), "2026-01-02")
    assert sorted(map(tuple, rows.collect()), key=lambda row: row[1]) == [
        ("Books", 1, "2026-01-01", "2026-01-02"),
        ("books", 2, "2026-01-01", "2026-01-02"),
        ("games", 3, "2026-01-01", "2026-01-02"),
        ("home/厨房", 4, "2026-01-01", "2026-01-02"),
    ]


def test_new_ones_come_after_all_that_are_there(spark: "SparkSession") -> None:
    held = given(spark, {"books": 1, "games": 3, "of a later day": 9})
    rows = new_categories(items(spark, "games", "art", "books", "toys"), held, "2026-01-02").collect()
    assert {row.category: row.category_index for row in rows} == {"art": 10, "toys": 11}


def test_without_categories_there_are_no_numbers(spark: "SparkSession") -> None:
    assert new_categories(items(spark, None), given(spark, {"books": 1}), "2026-01-02").collect() == []
