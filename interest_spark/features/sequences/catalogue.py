"""What is known of every item when histories are built: its permanent number, and that of its category.

Read once by each Python worker, for all of its tasks.
"""

from functools import lru_cache

import numpy as np
import polars as pl

from interest_spark.storage.parts import read_columns


@lru_cache(maxsize=1)
def read_numbers(vocab: tuple[str, ...]) -> pl.DataFrame:
    """`item_id, item_index` of every item of the files of `vocab`."""
    return read_columns(vocab, item_id=pl.String, item_index=pl.Int32)


@lru_cache(maxsize=1)
def read_categories(vocab: tuple[str, ...], items: tuple[str, ...], categories: tuple[str, ...]) -> np.ndarray:
    """The category of each item by its number: int32[largest number + 1].

    `items` are attributes as of the day. A category is its permanent number in `categories`, 0 where the shop names
    none.
    """
    numbers = read_numbers(vocab)
    permanent = read_columns(categories, category=pl.String, category_index=pl.Int32)
    named = read_columns(items, item_id=pl.String, category=pl.String).join(permanent, on="category", how="inner")
    known = named.join(numbers, on="item_id", how="inner")
    found = np.zeros(numbers["item_index"].to_numpy().max(initial=0) + 1, np.int32)
    found[known["item_index"].to_numpy()] = known["category_index"].to_numpy()
    return found
