"""What a baseline is: lists for the judged users from what was known at the cutoff, under the rules of scoring."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

from interest_spark.config.score import ScoreConfig
from interest_spark.serving.popularity import Popularity, read_popularity

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Known:
    """What a baseline may look at.

    `users` are the judged ones: `user_id` and `seen`, item_index of what each had seen by the cutoff. `history` are the
    events up to the cutoff that count as interest. `vocab` has `item_id` and `item_index`. Lists hold `k` items.
    """

    users: "DataFrame"
    history: "DataFrame"
    vocab: "DataFrame"
    popularity_files: tuple[str, ...]
    k: int
    score: ScoreConfig


Baseline: TypeAlias = "Callable[[Known], DataFrame]"
"""Returns (user_id, items), one row a judged user: up to k item ids, best first, that might be suggested."""


def fill_up(lists: "DataFrame", known: Known) -> "DataFrame":
    """(user_id, seen, items) to (user_id, items): lists filled up to k with popular items, under the same rules."""
    fill = partial(_fill, known.popularity_files, known.k, known.score)
    return lists.select("user_id", "seen", "items").mapInArrow(fill, "user_id string, items array<string>")


def _fill(
    files: tuple[str, ...], k: int, score: ScoreConfig, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    popularity = _popularity(files, score.blocked_items)
    ids = popularity.item_id.to_pylist()
    for batch in batches:
        seen = batch["seen"].to_pylist() if score.exclude_seen else [[]] * batch.num_rows
        filled = []
        for items, without in zip(batch["items"].to_pylist(), seen, strict=True):
            begun = (items or [])[:k]
            places = popularity.best(k + len(begun), without=np.array(without or [], np.int32))
            popular = (ids[place] for place in places)
            filled.append([*begun, *(item for item in popular if item not in begun)][:k])
        yield pa.RecordBatch.from_pydict(
            {"user_id": batch["user_id"], "items": pa.array(filled, pa.list_(pa.string()))}
        )


@lru_cache(maxsize=1)
def _popularity(files: tuple[str, ...], blocked_items: tuple[str, ...]) -> Popularity:
    return read_popularity(files, blocked_items)
