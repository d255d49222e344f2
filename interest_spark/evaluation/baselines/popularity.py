"""The most popular items that a user may be suggested."""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from interest_spark.evaluation.baselines.baseline import LISTS, Known
from interest_spark.serving.popularity import Popularity, read_popularity

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def suggest(users: "DataFrame", known: Known, k: int) -> "DataFrame":
    """The day's popular items in their order, without what the user may not be suggested."""
    fill = partial(_suggest, known.popularity_files, known.blocked_items, k)
    return users.select("user_id", "excluded").mapInArrow(fill, LISTS)


def _suggest(
    files: tuple[str, ...], blocked_items: tuple[str, ...], k: int, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    popularity = _popularity(files, blocked_items)
    ids = popularity.item_id.to_pylist()
    for batch in batches:
        without = (np.array(items, np.int32) for items in batch["excluded"].to_pylist())
        lists = [[ids[place] for place in popularity.best(k, without=items)] for items in without]
        yield pa.RecordBatch.from_pydict({"user_id": batch["user_id"], "items": pa.array(lists, pa.list_(pa.string()))})


@lru_cache(maxsize=1)
def _popularity(files: tuple[str, ...], blocked_items: tuple[str, ...]) -> Popularity:
    return read_popularity(files, blocked_items)
