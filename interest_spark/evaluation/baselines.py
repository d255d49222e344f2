"""What a model must beat: the day's popular items, and the user's own most frequent ones."""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from interest_spark.config.score import ScoreConfig
from interest_spark.serving.popularity import Popularity, read_popularity

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_ITEM_IDS = pa.list_(pa.string())


def own_favourites(history: "DataFrame", users: "DataFrame", k: int) -> "DataFrame":
    """The k items of each user's `history` with the most events; ties by the later last event, then by id.

    Returns (user_id, own_frequency), the second an array of item ids, for those of `users` who have a history.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    mine = history.join(users.select("user_id"), "user_id", how="left_semi")
    counts = mine.groupBy("user_id", "item_id").agg(F.count("*").alias("events"), F.max("event_time").alias("last"))
    order = Window.partitionBy("user_id").orderBy(F.desc("events"), F.desc("last"), "item_id")
    best = counts.withColumn("place", F.row_number().over(order)).where(F.col("place") <= k)
    placed = F.sort_array(F.collect_list(F.struct("place", "item_id")))
    return best.groupBy("user_id").agg(placed["item_id"].alias("own_frequency"))


def add_popular(users: "DataFrame", popularity_files: list[str], k: int, score: ScoreConfig) -> "DataFrame":
    """Add `popularity`, k popular items under the exclusion rule of `score`, and fill `own_frequency` up to k.

    `users` has user_id, `seen` (item_index) and `own_frequency` (item ids, null for none), and keeps all columns.
    """
    from pyspark.sql import functions as F

    added = users.withColumn("popularity", F.lit(None).cast("array<string>"))
    return added.mapInArrow(partial(_fill, tuple(popularity_files), k, score), added.schema)


def _fill(
    files: tuple[str, ...], k: int, score: ScoreConfig, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    popularity = _popularity(files, score.blocked_items)
    ids = popularity.item_id.to_pylist()
    for batch in batches:
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        seen = columns["seen"].to_pylist() if score.exclude_seen else [[]] * batch.num_rows
        popular = [[ids[place] for place in popularity.best(k, without=np.array(row, np.int32))] for row in seen]
        own = [_followed_by(row or [], ids, k) for row in columns["own_frequency"].to_pylist()]
        columns |= {"popularity": pa.array(popular, _ITEM_IDS), "own_frequency": pa.array(own, _ITEM_IDS)}
        yield pa.RecordBatch.from_pydict(columns)


def _followed_by(favourites: list[str], popular: list[str], k: int) -> list[str]:
    head = popular[: k + len(favourites)]
    return [*favourites, *(item for item in head if item not in favourites)][:k]


@lru_cache(maxsize=1)
def _popularity(files: tuple[str, ...], blocked_items: tuple[str, ...]) -> Popularity:
    return read_popularity(files, blocked_items)
