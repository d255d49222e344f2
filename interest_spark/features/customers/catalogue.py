"""What the catalogue of a day says of every item: its category, its brand, and how dear it is among its like.

Read once by each Python worker for all days that the same catalogue holds for.
"""

from functools import lru_cache

import polars as pl

from interest_spark.schemas.interests import PRICE_LEVELS
from interest_spark.storage.parts import read_columns

_ENOUGH = len(PRICE_LEVELS)


def price_levels(items: pl.DataFrame) -> pl.Series:
    """The fifth that each item's price is in among those of its category; null without a price.

    Where a category has fewer priced items than there are levels, all items are compared.
    """

    def fifth(rank: pl.Expr, count: pl.Expr) -> pl.Expr:
        return ((rank - 0.5) / count * len(PRICE_LEVELS)).floor().cast(pl.Int32)

    price = pl.col("price")
    own = fifth(price.rank("average").over("category"), price.count().over("category"))
    among_all = fifth(price.rank("average"), price.count())
    level = pl.when(price.count().over("category") >= _ENOUGH).then(own).otherwise(among_all)
    return items.select(level.replace_strict(dict(enumerate(PRICE_LEVELS)), return_dtype=pl.String))["price"]


@lru_cache(maxsize=4)
def read_catalogue(files: tuple[str, ...]) -> pl.DataFrame:
    """`item_id, category, brand, price_level` of every item in these files of one day of `items`."""
    texts = dict.fromkeys(("item_id", "category", "brand"), pl.String)
    items = read_columns(files, **texts, price=pl.Float64)
    return items.with_columns(price_level=price_levels(items)).drop("price")
