"""Popular items, in all and in each category, picked for many users at once: what baselines fill lists with."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.metrics.hits import NO_ITEM, Integers
from interest_spark.metrics.lists.shown import UNKNOWN, Floats, Pairs, among
from interest_spark.serving.popularity import Popularity, read_popularity
from interest_spark.storage.committed_files import read_committed


@dataclass(frozen=True)
class CategoryWeights:
    """How much each user cares for categories: distinct pairs, ascending by `row`, the user, and `category`."""

    row: Integers
    category: Integers
    weight: Integers


class PopularItems:
    """Items by descending popularity, P of them, called by their places; `category` has a text or null of each.

    Where users are asked about, `hidden` are places that a user may not get and `need`, int64[n], is how many each
    wants; the answer are pairs in the order of users, each user's best first, fewer where there are no more.
    """

    def __init__(self, popularity: Popularity, category: pa.Array) -> None:
        coded = category.dictionary_encode()
        self.item_id = popularity.item_id
        self.categories: pa.Array = coded.dictionary
        self._share: Floats = popularity.share
        self._category: Integers = pc.fill_null(coded.indices, UNKNOWN).to_numpy(zero_copy_only=False).astype(np.int64)
        self._place = np.full(int(popularity.item_index.max(initial=0)) + 2, NO_ITEM, np.int64)  # the last: all beyond
        self._place[popularity.item_index] = np.arange(len(popularity.item_index))
        by_category = np.argsort(self._category, kind="stable")
        self._by_category = by_category[self._category[by_category] != UNKNOWN]
        codes = np.arange(len(coded.dictionary) + 1)
        self._first = np.searchsorted(self._category[self._by_category], codes)
        runs = zip(self._first, self._first[1:], strict=False)
        self._events = np.array([self._share[self._by_category[low:high]].sum() for low, high in runs])

    def places_of(self, items: Pairs) -> Pairs:
        """Items by number to places; those that are not popular are left out."""
        place = self._place[np.minimum(items.item, len(self._place) - 1)]
        return _kept(Pairs(items.row, place), place != NO_ITEM)

    def best(self, hidden: Pairs, need: Integers) -> Pairs:
        """The most popular items."""
        # So many of the first ones can be hidden, and no more.
        looked_at = np.minimum(need + np.bincount(hidden.row, minlength=len(need)), len(self.item_id))
        found = Pairs(*_counted(np.where(need > 0, looked_at, 0)))
        found = _kept(found, ~among(found.row, found.item, hidden))
        return first_of_each(found, need)

    def best_in(self, weights: CategoryWeights, hidden: Pairs, need: Integers) -> Pairs:
        """The items with the largest weight times P(item | category); ties by popularity."""
        size, codes = np.diff(self._first), len(self.categories)
        pairs = weights.row * codes + weights.category
        looked_at = need[weights.row] + self._hidden_in(pairs, hidden)
        looked_at = np.where(need[weights.row] > 0, np.minimum(looked_at, size[weights.category]), 0)
        pair, offset = _counted(looked_at)
        place = self._by_category[self._first[weights.category[pair]] + offset]
        offered = ~among(weights.row[pair], place, hidden)
        of_pair = first_of_each(Pairs(pair[offered], place[offered]), need[weights.row])
        row, place = weights.row[of_pair.row], of_pair.item
        weight, category = weights.weight[of_pair.row], weights.category[of_pair.row]
        score = weight * self._share[place] / self._events[category]
        order = np.lexsort((place, -score, row))
        return first_of_each(Pairs(row[order], place[order]), need)

    def _hidden_in(self, pairs: Integers, hidden: Pairs) -> Integers:
        """How many hidden places each pair of a user and a category has; pairs: int64[p] row * categories + code."""
        category = self._category[hidden.item]
        keys = (hidden.row * len(self.categories) + category)[category != UNKNOWN]
        near = np.searchsorted(pairs, keys)
        there = near < len(pairs)
        there[there] = pairs[near[there]] == keys[there]
        return np.bincount(near[there], minlength=len(pairs))


def first_of_each(pairs: Pairs, need: Integers) -> Pairs:
    """Of pairs that are ascending by row the first `need` of each row."""
    return _kept(pairs, np.arange(len(pairs.row)) - np.searchsorted(pairs.row, pairs.row) < need[pairs.row])


@lru_cache(maxsize=1)
def read_popular_items(
    popularity_files: tuple[str, ...], item_files: tuple[str, ...], blocked_items: Sequence[str]
) -> PopularItems:
    """From files of the tables `popularity` and `items`, without blocked items."""
    popularity = read_popularity(popularity_files, blocked_items)
    schema = pa.schema([("item_id", pa.string()), ("category", pa.string())])
    parts = [read_committed(path, schema) for path in item_files]
    items = pa.concat_tables([schema.empty_table(), *parts])
    known = pa.concat_arrays([pa.array([], pa.string()), *items["item_id"].chunks])
    row = pc.index_in(popularity.item_id, value_set=known)  # null where an item has no attributes
    category = pa.concat_arrays([pa.array([], pa.string()), *items["category"].take(row).chunks])
    return PopularItems(popularity, category)


def _counted(lengths: Integers) -> tuple[Integers, Integers]:
    """0 … length - 1 for each row, one row after another, and before these the row: two of int64[sum of lengths]."""
    row = np.repeat(np.arange(len(lengths)), lengths)
    return row, np.arange(len(row)) - (np.cumsum(lengths) - lengths)[row]


def _kept(pairs: Pairs, which: np.ndarray) -> Pairs:
    return Pairs(pairs.row[which], pairs.item[which])
