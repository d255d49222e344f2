"""The append-only numbers of categories: models are trained on them, so one is given once and never changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from interest_spark.features.numbering import number_on
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.schemas.tables import TABLES
from interest_spark.schemas.tokens import FIRST_CATEGORY_INDEX
from interest_spark.storage.parts import read_columns, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def new_categories(categories: pl.Series, known: pl.DataFrame, day: str) -> pl.DataFrame:
    """Rows to append: `categories` that `known` does not hold, numbered on from its largest index.

    `categories` are those of the items as of `day`. The order is the text's, so the same items always give the same
    integers.
    """
    named = pl.DataFrame({"category": categories.drop_nulls().unique()}, schema={"category": pl.String})
    unknown = named.join(known, on="category", how="anti")
    numbered = number_on(unknown, known, "category_index", FIRST_CATEGORY_INDEX, ("category",))
    return numbered.with_columns(first_day=pl.lit(day)).select(*TABLES["categories"].names)


@dataclass(frozen=True)
class CategoriesBuild:
    """Files of `items` of their newest day, of all of `categories`, and of what an earlier run of the day has given."""

    items: tuple[str, ...]
    items_day: str
    known: tuple[str, ...]
    given_today: tuple[str, ...]
    day: str
    folder: str

    def write(self) -> Iterator[str]:
        """Writes the day's rows of `categories`; gives the path, if there are any."""
        known = read_columns(self.known, category=pl.String, category_index=pl.Int32)
        today = read_columns(self.given_today, category=pl.String, category_index=pl.Int32, first_day=pl.String)
        named = read_columns(self.items, category=pl.String)["category"]
        rows = pl.concat([today, new_categories(named, known, self.items_day)])
        if len(rows):
            yield write_part(self.folder, "categories", self.day, rows.to_arrow().cast(TABLES["categories"]), 0)


def number_categories(spark: "SparkSession", build: CategoriesBuild) -> list[str]:
    """Write the day's rows of `categories`; returns their paths."""
    return each_in_a_task(spark, [build] if build.items or build.given_today else [], CategoriesBuild.write)
