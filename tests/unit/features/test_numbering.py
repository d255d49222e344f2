"""Numbers of items and categories are given once, in an order that follows from the data, and on from those there."""

import polars as pl
import pytest

from interest_spark.features.categories import new_categories
from interest_spark.features.vocab import new_items


def categories(*named: str | None) -> pl.Series:
    return pl.Series(named, dtype=pl.String)


def given(name: str, numbers: dict[str, int]) -> pl.DataFrame:
    columns = {name: list(numbers), f"{name.removesuffix('_id')}_index": list(numbers.values())}
    return pl.DataFrame(columns, schema=dict(zip(columns, (pl.String, pl.Int32), strict=True)))


@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_of_categories_is_that_of_the_text(backwards: bool) -> None:
    named = ["games", None, "books", "home/厨房", "books", "Books"]
    rows = new_categories(categories(*(reversed(named) if backwards else named)), given("category", {}), "2026-01-01")
    assert rows.rows() == [
        ("Books", 1, "2026-01-01"),
        ("books", 2, "2026-01-01"),
        ("games", 3, "2026-01-01"),
        ("home/厨房", 4, "2026-01-01"),
    ]


def test_new_ones_come_after_all_that_are_there() -> None:
    held = given("category", {"books": 1, "games": 3, "of a later day": 9})
    rows = new_categories(categories("games", "art", "books", "toys"), held, "2026-01-02")
    assert rows.select("category", "category_index").rows() == [("art", 10), ("toys", 11)]


def test_without_categories_there_are_no_numbers() -> None:
    assert not len(new_categories(categories(None), given("category", {"books": 1}), "2026-01-02"))


@pytest.mark.parametrize("backwards", [False, True])
def test_items_are_numbered_in_the_order_of_their_first_days(backwards: bool) -> None:
    seen = [("b", "2026-01-02"), ("c", "2026-01-01"), ("a", "2026-01-02"), ("b", "2026-01-03"), ("k", "2026-01-01")]
    counts = pl.DataFrame(seen[::-1] if backwards else seen, schema=["item_id", "dt"], orient="row")
    expected = [("c", "2026-01-01"), ("a", "2026-01-02"), ("b", "2026-01-02")]
    for known, first in (({"k": 4}, 5), ({"k": 2}, 3)):
        rows = new_items(counts, given("item_id", known)).rows()
        assert rows == [(item, first + place, day) for place, (item, day) in enumerate(expected)]
    assert new_items(counts, given("item_id", {})).rows()[0] == ("c", 2, "2026-01-01")
