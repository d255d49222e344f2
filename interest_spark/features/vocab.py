"""The append-only vocabulary: an item's integer is given once and never changes."""

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from interest_spark.features.numbering import number_on
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def new_items(counts: "DataFrame", vocab: "DataFrame", dt: str) -> "DataFrame":
    """Rows to append: items of `counts` that `vocab` does not hold, numbered on from its largest index.

    `counts` are rows of `item_days`. The order is first day, then id, so the same counts always give the same integers.
    Columns of `vocab` and `dt`.
    """
    seen = counts.groupBy("item_id").agg(F.min("dt").alias("first_day"))
    unknown = seen.join(vocab.select("item_id"), "item_id", how="left_anti")
    numbered = number_on(unknown, vocab, "item_index", FIRST_ITEM_INDEX, ("first_day", "item_id"))
    return numbered.select(*TABLES["vocab"].names, F.lit(dt).alias("dt"))
