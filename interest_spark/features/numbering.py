"""Whole numbers that are given once and never change."""

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def number_on(new: "DataFrame", given: "DataFrame", column: str, first: int, order: tuple[str, ...]) -> "DataFrame":
    """`new` with the int32 `column`, in `order` on from the largest of `given`, from `first` where that is empty.

    One task numbers all rows; they are a day's new ones, and the sort spills.
    """
    place = F.row_number().over(Window.orderBy(*order))
    last = given.agg(F.coalesce(F.max(column), F.lit(first - 1)).alias("last"))
    numbered = new.withColumn("place", place).join(F.broadcast(last), how="cross")
    return numbered.withColumn(column, (F.col("last") + F.col("place")).cast("int")).drop("last", "place")
