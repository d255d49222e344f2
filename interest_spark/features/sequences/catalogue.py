"""What is known of every item when histories are built: its permanent number, and that of its category."""

from functools import lru_cache

import polars as pl

from interest_spark.storage.parts import read_columns


@lru_cache(maxsize=1)
def read_catalogue(vocab: tuple[str, ...], items: tuple[str, ...], categories: tuple[str, ...]) -> pl.DataFrame:
    """`item_id, item_index, category` of every item of the files of `vocab`; `items` are attributes as of the day.

    Read once by each Python worker, for all of its tasks.

    A category is its permanent number in `categories`, 0 where the shop names none.
    """
    numbers = read_columns(categories, category=pl.String, category_index=pl.Int32)
    named = read_columns(items, item_id=pl.String, category=pl.String).join(numbers, on="category", how="inner")
    category = named.select("item_id", pl.col("category_index").alias("category"))
    numbered = read_columns(vocab, item_id=pl.String, item_index=pl.Int32)
    return numbered.join(category, on="item_id", how="left").with_columns(pl.col("category").fill_null(0))
