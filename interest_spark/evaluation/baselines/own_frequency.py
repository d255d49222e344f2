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

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.evaluation.baselines.baseline import LISTS, Known
from interest_spark.serving.popularity import Popularity, read_popularity
from interest_spark.storage.committed_files import read_committed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def suggest(users: "DataFrame", known: Known, k: int) -> "DataFrame":
    """The lists described above."""
    asked = users.select("user_id", "excluded").join(_chosen_items(users, known), "user_id", how="left")
    fill = partial(_suggest, known.popularity_files, known.item_files, known.blocked_items, k)
    return asked.mapInArrow(fill, LISTS)


def _chosen_items(users: "DataFrame", known: Known) -> "DataFrame":
    """(user_id, own): every item of the user's history with its events, index and category, the favourite first."""
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
    item = F.struct(*order, "item_id", "item_index", "category", "events")
    return described.groupBy("user_id").agg(F.sort_array(F.collect_list(item)).alias("own"))


def _suggest(
    popularity_files: tuple[str, ...],
    item_files: tuple[str, ...],
    blocked_items: tuple[str, ...],
    k: int,
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    popular = _popular_items(popularity_files, item_files, blocked_items)
    blocked = frozenset(blocked_items)
    for batch in batches:
        users = zip(batch["own"].to_pylist(), batch["excluded"].to_pylist(), strict=True)
        lists = [_list_of(own or [], excluded, popular, blocked, k) for own, excluded in users]
        yield pa.RecordBatch.from_pydict({"user_id": batch["user_id"], "items": pa.array(lists, pa.list_(pa.string()))})


class PopularItems:
    """Popular items in all, and those of each category; `category` has one of each item of `popularity`, or None.

    Lists of Python numbers: a user's few items are found in a few steps, where calls on arrays would cost far more.
    """

    def __init__(self, popularity: Popularity, category: Sequence[str | None]) -> None:
        self.item_id: list[str] = popularity.item_id.to_pylist()
        self._index: list[int] = popularity.item_index.tolist()
        self._share: list[float] = popularity.share.tolist()
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(category):
            if name is not None:
                self._places.setdefault(name, []).append(place)
        self._events = {name: float(popularity.share[each].sum()) for name, each in self._places.items()}

    def best(self, count: int, *, without: Set[int]) -> list[int]:
        """Places of the `count` most popular items whose item_index is not in `without`; fewer if there are no more."""
        return self._first(range(len(self._index)), count, without)

    def best_in(self, weights: Mapping[str, int], count: int, *, without: Set[int]) -> list[int]:
        """Places of the `count` items with the largest sum of weight times P(item | category); ties by popularity.

        Only items of the categories that have a weight, and none whose item_index is in `without`.
        """
        scored = [
            (-(weight * self._share[place] / self._events[name]), place)
            for name, weight in weights.items()
            for place in self._first(self._places.get(name, ()), count, without)
        ]
        return [place for _, place in heapq.nsmallest(count, scored)]

    def _first(self, places: Iterable[int], count: int, without: Set[int]) -> list[int]:
        return list(islice((place for place in places if self._index[place] not in without), count))


def _list_of(
    own: Sequence[Mapping[str, Any]], excluded: Sequence[int], popular: PopularItems, blocked: frozenset[str], k: int
) -> list[str]:
    hidden = set(excluded)
    mine = [each["item_id"] for each in own if each["item_index"] not in hidden and each["item_id"] not in blocked][:k]
    weights: Counter[str] = Counter()
    for each in own:
        if each["category"] is not None:
            weights[each["category"]] += each["events"]
    hidden |= {each["item_index"] for each in own if each["item_index"] is not None}
    similar = popular.best_in(weights, k - len(mine), without=hidden)
    chosen = dict.fromkeys([*similar, *popular.best(k - len(mine), without=hidden)])
    return [*mine, *(popular.item_id[place] for place in islice(chosen, k - len(mine)))]


@lru_cache(maxsize=1)
def _popular_items(
    popularity_files: tuple[str, ...], item_files: tuple[str, ...], blocked_items: tuple[str, ...]
) -> PopularItems:
    popularity = read_popularity(popularity_files, blocked_items)
    schema = pa.schema([("item_id", pa.string()), ("category", pa.string())])
    parts = [read_committed(path, schema) for path in item_files]
    items = pa.concat_tables([schema.empty_table(), *parts])
    known = pa.concat_arrays([pa.array([], pa.string()), *items["item_id"].chunks])
    row = pc.index_in(popularity.item_id, value_set=known)  # null where an item has no attributes
    return PopularItems(popularity, items["category"].take(row).to_pylist())
