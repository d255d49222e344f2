"""The append-only numbers of categories: models are trained on them, so one is given once and never changes."""

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from interest_spark.features.numbering import number_on
from interest_spark.schemas.tables import TABLES
from interest_spark.schemas.tokens import FIRST_CATEGORY_INDEX

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def new_categories(items: "DataFrame", categories: "DataFrame", dt: str) -> "DataFrame":
    """Rows to append: categories of `items` that `categories` does not hold, numbered on from its largest index.

    `items` are the attributes as of the day. The order is the text's, so the same items always give the same integers.
    Columns of `categories` and `dt`.
    """
    named = items.where(F.col("category").isNotNull()).groupBy("category").agg(F.min("dt").alias("first_day"))
    unknown = named.join(categories.select("category"), "category", how="left_anti")
    numbered = number_on(unknown, categories, "category_index", FIRST_CATEGORY_INDEX, ("category",))
    return numbered.select(*TABLES["categories"].names, F.lit(dt).alias("dt"))
