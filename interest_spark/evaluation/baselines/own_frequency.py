"""What the user chose most often, then what is popular in the categories that the user chose most often.

A list holds, until it is full,

1. the user's own items, most events first, ties by the later last event, then by id;
2. other items by P(item | user) = sum over categories c of P(c | user) P(item | c), where P(c | user) is c's share of
   the user's events and P(item | c) the item's share of all the events of c that popularity was counted from;
3. popular items.

What may not be suggested is left out of each before anything is taken. Where seen items are excluded nothing of the
first part is left, as people chose nothing that they have not seen, and the second is what makes the baseline personal:
the aspect model of Hofmann, Latent Semantic Models for Collaborative Filtering, ACM TOIS 22 (2004), with the shop's own
categories for its hidden classes. Where the shop names no categories, the list then equals that of popularity.
"""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.evaluation.baselines.baseline import LISTS, Known
from interest_spark.evaluation.baselines.popular_items import (
    CategoryWeights,
    PopularItems,
    first_of_each,
    read_popular_items,
)
from interest_spark.metrics.hits import NO_ITEM, Integers
from interest_spark.metrics.lists.shown import Pairs, among
from interest_spark.platform.python_worker import settled
from interest_spark.serving.score import list_column

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_USERS_AT_ONCE = 1_024
_OWN = ("item_id", "item_index", "category", "events")


def suggest(users: "DataFrame", known: Known, k: int) -> "DataFrame":
    """The lists described above."""
    asked = users.select("user_id", "excluded").join(_chosen_items(users, known), "user_id", how="left")
    fill = partial(_suggest, known.popularity_files, known.item_files, known.blocked_items, k)
    return asked.mapInArrow(settled(fill), LISTS)


def _chosen_items(users: "DataFrame", known: Known) -> "DataFrame":
    """user_id and one list a column of _OWN: every item of the user's history, the favourite first."""
    from pyspark.sql import functions as F

    mine = known.history.join(users.select("user_id"), "user_id", how="left_semi")
    counts = (
        mine.where(F.col("item_id").isNotNull())
        .groupBy("user_id", "item_id")
        .agg(F.count("*").alias("events"), F.max("event_time").alias("last"))
    )
    numbered = counts.join(known.vocab.select("item_id", "item_index"), "item_id", how="left")
    described = numbered.join(known.items.select("item_id", "category"), "item_id", how="left")
    order = ((-F.col("events")).alias("fewest_last"), (-F.unix_micros("last")).alias("oldest_last"))
    own = F.sort_array(F.collect_list(F.struct(*order, *_OWN))).alias("own")
    return described.groupBy("user_id").agg(own).select("user_id", *(F.col(f"own.{name}") for name in _OWN))


def _suggest(
    popularity_files: tuple[str, ...],
    item_files: tuple[str, ...],
    blocked_items: tuple[str, ...],
    k: int,
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    popular = read_popular_items(popularity_files, item_files, blocked_items)
    for batch in batches:
        for start in range(0, batch.num_rows, _USERS_AT_ONCE):
            part = batch.slice(start, _USERS_AT_ONCE)
            lists = lists_of(part, popular, blocked_items, k)
            yield pa.RecordBatch.from_pydict({"user_id": part["user_id"], "items": lists})


def lists_of(batch: pa.RecordBatch, popular: PopularItems, blocked_items: tuple[str, ...], k: int) -> pa.ListArray:
    """The k best items of each user of a batch with the columns `excluded` and _OWN, lists or null."""
    n = batch.num_rows
    own, item_id = _rows(batch["item_id"]), batch["item_id"].flatten()
    item = pc.fill_null(batch["item_index"].flatten(), NO_ITEM).to_numpy(zero_copy_only=False).astype(np.int64)
    excluded = Pairs(_rows(batch["excluded"]), batch["excluded"].flatten().to_numpy().astype(np.int64))
    allowed = ~pc.is_in(item_id, pa.array(blocked_items, pa.string())).to_numpy(zero_copy_only=False)
    allowed &= ~among(own, item, excluded)
    mine = first_of_each(Pairs(own[allowed], np.flatnonzero(allowed)), np.full(n, k))
    need = k - np.bincount(mine.row, minlength=n)
    numbered = item != NO_ITEM
    not_again = Pairs(np.append(excluded.row, own[numbered]), np.append(excluded.item, item[numbered]))
    hidden = popular.places_of(not_again)
    weights = _weights(own, batch["category"].flatten(), batch["events"].flatten().to_numpy(), popular.categories)
    similar = popular.best_in(weights, hidden, need)
    filled = _one_after_another(similar, popular.best(_one_after_another(hidden, similar), need))
    items = pa.concat_arrays([item_id, popular.item_id])
    whole = _one_after_another(mine, Pairs(filled.row, len(item_id) + filled.item))
    whole = first_of_each(whole, np.full(n, k))
    return list_column(np.bincount(whole.row, minlength=n), items.take(pa.array(whole.item)))


def _weights(row: Integers, category: pa.Array, events: Integers, categories: pa.Array) -> CategoryWeights:
    """How many events each user has in the categories that have a popular item."""
    code = pc.index_in(category, value_set=categories)
    known = code.is_valid().to_numpy(zero_copy_only=False)
    keys = row[known] * max(len(categories), 1) + code.drop_null().to_numpy()
    found, place = np.unique(keys, return_inverse=True)
    weight = np.bincount(place, events[known], minlength=len(found)).astype(np.int64)
    return CategoryWeights(found // max(len(categories), 1), found % max(len(categories), 1), weight)


def _one_after_another(first: Pairs, then: Pairs) -> Pairs:
    """Each row's pairs of the one, then those of the other; the rows ascending."""
    row, item = np.append(first.row, then.row), np.append(first.item, then.item)
    order = np.argsort(row, kind="stable")
    return Pairs(row[order], item[order])


def _rows(lists: pa.Array) -> Integers:
    """The row of each element of `lists.flatten()`."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return np.repeat(np.arange(len(lists)), lengths)
