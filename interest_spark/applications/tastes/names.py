"""Names that tell a person what a cluster of items is: its category, where most have the same, and best known items.

Of the half of its items that are nearest to the centre the most popular name it: popular ones at the edge belong to two
clusters as well as to one, and the nearest of all may be items that nobody knows.
"""

import polars as pl

_LEAST_SHARE = 0.5  # of the cluster's items, that makes a category the dominant one
_LONGEST_TITLE = 40


def name_clusters(items: pl.DataFrame, named_by: int) -> pl.DataFrame:
    """`cluster, name, category, category_share, items, item_ids`, one row a cluster, by ascending number.

    items: `item_id, cluster, cosine, events, category, title` of every item, the last two null where unknown. Names are
    different: where two clusters have the same titles, the id of an item follows.
    """
    counts = items.group_by("cluster").agg(items=pl.len())
    best = ["cluster", "events", "cosine", "item_id"]
    nearest = items.filter(pl.col("cosine") >= pl.col("cosine").median().over("cluster"))
    known = nearest.sort(best, descending=[False, True, True, False]).group_by("cluster", maintain_order=True)
    titles = known.head(named_by).group_by("cluster", maintain_order=True)
    told = titles.agg(pl.col("item_id").alias("item_ids"), _title().str.join(", ").alias("titles"))
    found = told.join(counts, on="cluster", how="left").join(_dominant(items, counts), on="cluster", how="left")
    name = pl.concat_str("category", "titles", separator=": ", ignore_nulls=True)
    named = found.sort("cluster").with_columns(name=name)
    told_apart = pl.format("{} ({})", "name", pl.col("item_ids").list.first())
    return named.select(
        "cluster",
        pl.when(pl.col("name").is_duplicated()).then(told_apart).otherwise("name").alias("name"),
        "category",
        "category_share",
        "items",
        "item_ids",
    )


def _title() -> pl.Expr:
    """The item's title, shortened, or its id where it has none."""
    title = pl.col("title").str.strip_chars()
    short = pl.format("{}…", title.str.slice(0, _LONGEST_TITLE - 1))
    fits = title.str.len_chars() <= _LONGEST_TITLE
    return pl.when(title.str.len_chars() > 0).then(pl.when(fits).then(title).otherwise(short)).otherwise("item_id")


def _dominant(items: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    """`cluster, category, category_share` of the clusters that have a dominant category; equal ones by their names."""
    of_each = items.filter(pl.col("category").is_not_null()).group_by("cluster", "category").agg(own=pl.len())
    ordered = of_each.sort("cluster", "own", "category", descending=[False, True, False])
    first = ordered.unique("cluster", keep="first", maintain_order=True).join(counts, on="cluster", how="left")
    share = pl.col("own") / pl.col("items")
    return first.filter(share >= _LEAST_SHARE).select("cluster", "category", share.alias("category_share"))
