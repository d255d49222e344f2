"""The most popular items that a user may be suggested."""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from interest_spark.evaluation.baselines.baseline import LISTS, Known
from interest_spark.platform.python_worker import settled
from interest_spark.serving.popularity import Popularity, read_popularity
from interest_spark.serving.score import list_column

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_USERS_AT_ONCE = 1_024


def suggest(users: "DataFrame", known: Known, k: int) -> "DataFrame":
    """The day's popular items in their order, without what the user may not be suggested."""
    fill = partial(_suggest, known.popularity_files, known.blocked_items, k)
    return users.select("user_id", "excluded").mapInArrow(settled(fill), LISTS)


def _suggest(
    files: tuple[str, ...], blocked_items: tuple[str, ...], k: int, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    popularity = _popularity(files, blocked_items)
    for batch in batches:
        for start in range(0, batch.num_rows, _USERS_AT_ONCE):
            part = batch.slice(start, _USERS_AT_ONCE)
            places, counts = best_of_each(popularity, part["excluded"], k)
            lists = list_column(counts, popularity.item_id.take(pa.array(places)))
            yield pa.RecordBatch.from_pydict({"user_id": part["user_id"], "items": lists})


def best_of_each(popularity: Popularity, excluded: pa.ListArray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of each user's k most popular items that are not excluded, user after user, and how many each has.

    excluded: item numbers of each user. What `Popularity.best` does for one user, for many at once.
    """
    lengths = excluded.value_lengths().fill_null(0).to_numpy()
    head = popularity.item_index[: k + int(lengths.max(initial=0))]  # at most so many of these fall out for anybody
    order = np.argsort(head)
    items, users = excluded.flatten().to_numpy(), np.repeat(np.arange(len(excluded)), lengths)
    near = np.minimum(np.searchsorted(head, items, sorter=order), max(len(head) - 1, 0))
    offered = np.ones((len(excluded), len(head)), bool)
    if len(head):
        found = head[order[near]] == items
        offered[users[found], order[near[found]]] = False
    offered &= np.cumsum(offered, axis=1) <= k
    return np.nonzero(offered)[1], offered.sum(axis=1)


@lru_cache(maxsize=2)  # a worker has tasks of two baselines in turn
def _popularity(files: tuple[str, ...], blocked_items: tuple[str, ...]) -> Popularity:
    return read_popularity(files, blocked_items)
