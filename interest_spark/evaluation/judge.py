"""A batch of users with their contenders' lists to values of metrics, on arrays: what tasks do with each batch.

Items are numbers here. A user's lists, relevant items, history and seen items are aligned to the batch's rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from interest_spark.evaluation.known_items import KnownItems
from interest_spark.evaluation.slices import ACTIVITY, AGE, EVENTS, NEW, Partition, by_range, by_value
from interest_spark.metrics.hits import NO_ITEM, Integers, without_repeats
from interest_spark.metrics.lists.list_metric import list_metric_named
from interest_spark.metrics.lists.shown import Floats, Pairs, ShownLists
from interest_spark.metrics.metric import metric_named
from interest_spark.schemas.behaviors import BEHAVIORS

POPULARITY = "popularity"
"""The baseline whose lists are what everybody would have suggested."""

Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Users:
    """The columns of a batch of n users; `relevant` are distinct items, at least one a user.

    Of each relevant item `behaviors` has a bit for every behavior of BEHAVIORS, the first one lowest, and `platform` is
    where it was first used. Of each user `source` is where the first item of the model's list came from, `events` how
    many the history counts.
    """

    relevant: Pairs
    behaviors: Integers
    platform: Sequence[str | None]
    source: Sequence[str | None]
    region: Sequence[str | None]
    events: Integers
    history: Pairs
    seen: Pairs

    def __len__(self) -> int:
        return len(self.events)

    @cached_property
    def wanted(self) -> Integers:
        """How many items are relevant to each user: int64[n]."""
        return np.bincount(self.relevant.row, minlength=len(self)).astype(np.int64)


def read_users(batch: pa.RecordBatch, items: KnownItems, strange: dict[str, int]) -> Users:
    """From the columns of `evaluate.judge_lists`. strange: the batch's numbers of items that have none."""
    relevant = batch["relevant"]
    return Users(
        relevant=Pairs(_rows(relevant), items.numbers_of(relevant.flatten(), strange)),
        behaviors=batch["behaviors"].flatten().to_numpy().astype(np.int64),
        platform=batch["platforms"].flatten().to_pylist(),
        source=batch["source"].to_pylist(),
        region=batch["region"].to_pylist(),
        events=batch["events"].to_numpy(zero_copy_only=False).astype(np.int64),
        history=_pairs(batch["history"]),
        seen=_pairs(batch["seen"]),
    )


def read_lists(column: pa.Array, items: KnownItems, k: int, strange: dict[str, int]) -> Integers:
    """The first k items of each list by number, without repeats: int64[n, k]; a null is an empty list."""
    rows, numbers = _rows(column), items.numbers_of(column.flatten(), strange)
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    lists = np.full((len(column), k), NO_ITEM, np.int64)
    first = place < k
    lists[rows[first], place[first]] = numbers[first]
    return without_repeats(lists)


def find_places(relevant: Pairs, lists: Integers) -> Integers:
    """Where in `relevant` each item of the lists is, -1 where it is not relevant to the user: int64[n, k]."""
    width = max(int(lists.max(initial=0)), int(relevant.item.max(initial=0))) + 1
    keys = relevant.row * width + relevant.item
    order = np.argsort(keys)
    asked = np.arange(len(lists))[:, None] * width + lists
    near = order[np.minimum(np.searchsorted(keys, asked, sorter=order), max(len(keys) - 1, 0))] if len(keys) else asked
    found = (keys[near] == asked) & (lists != NO_ITEM) if len(keys) else np.zeros(lists.shape, bool)
    return np.where(found, near, -1)


def accuracy(metrics: Sequence[str], hits: Hits, wanted: Integers) -> dict[str, Floats]:
    """Each metric's values: float64[n], NaN where nothing is relevant, as there is nothing to measure."""
    least_one = np.maximum(wanted, 1)
    return {name: np.where(wanted > 0, metric_named(name)(hits, least_one), np.nan) for name in metrics}


def list_values(names: Sequence[str], shown: ShownLists) -> dict[str, Floats]:
    """Each list metric's values: float64[n], NaN where there is nothing to measure."""
    return {name: list_metric_named(name)(shown) for name in names}


def shown_lists(users: Users, lists: Mapping[str, Integers], name: str, hits: Hits, items: KnownItems) -> ShownLists:
    """A contender's lists with what metrics of lists look at."""
    popular = lists.get(POPULARITY, np.full((len(users), 0), NO_ITEM, np.int64))
    return ShownLists(lists[name], hits, popular, users.history, users.seen, items.catalogue)


def slices_of_users(users: Users) -> Iterator[tuple[str, Hits]]:
    """Each slice of users with its members: bool[n]."""
    for partition in (
        by_value("source", users.source),
        by_value("region", users.region),
        by_range("activity", users.events, ACTIVITY),
    ):
        yield from partition.members()


def slices_of_items(users: Users, items: KnownItems, behaviors: Sequence[str]) -> Iterator[tuple[str, Hits]]:
    """Each slice of relevant items with its members: bool[r]. Behaviors are no slices where only one judges."""
    for partition in (
        by_value("platform", users.platform),
        _by_column("item_age", users.relevant.item, items.days, AGE, NEW),
        _by_column("item_events", users.relevant.item, items.catalogue.events.astype(np.int64), EVENTS, None),
    ):
        yield from partition.members()
    for behavior in behaviors if len(behaviors) > 1 else ():
        yield f"behavior={behavior}", (users.behaviors >> BEHAVIORS.index(behavior)) & 1 == 1


def _by_column(name: str, item: Integers, column: Integers, firsts: Sequence[int], below: str | None) -> Partition:
    """Of items without a number nothing is known: never seen, and no events."""
    missing = -1 if below else 0
    known = item < len(column)
    return by_range(name, np.where(known, column[np.where(known, item, 0)], missing), firsts, below)


def within(users: Users, places: Integers, members: Hits) -> tuple[Hits, Hits, Integers]:
    """Who has a relevant item among the `members`: bool[n]; and of these alone, what hits and wanted items are then."""
    wanted = np.bincount(users.relevant.row[members], minlength=len(users)).astype(np.int64)
    hits = (places >= 0) & np.append(members, False)[places]
    who = wanted > 0
    return who, hits[who], wanted[who]


def _pairs(lists: pa.Array) -> Pairs:
    return Pairs(_rows(lists), lists.flatten().to_numpy(zero_copy_only=False).astype(np.int64))


def _rows(lists: pa.Array) -> Integers:
    """The row of each element of `lists.flatten()`."""
    lengths = np.nan_to_num(lists.value_lengths().to_numpy(zero_copy_only=False)).astype(np.int64)
    return np.repeat(np.arange(len(lists)), lengths)
