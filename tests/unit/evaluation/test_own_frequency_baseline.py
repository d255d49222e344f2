"""The user's own favourites for many users at once equal what the three sentences of the baseline say of one."""

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.evaluation.baselines.own_frequency import lists_of
from interest_spark.evaluation.baselines.popular_items import PopularItems
from interest_spark.serving.popularity import Popularity

CATEGORIES = st.none() | st.sampled_from(["a", "b", "c"])
"""Of items, by number; `d` is a category in which nothing is popular."""

Own = dict[str, Any]

OWN = st.fixed_dictionaries(
    {
        "item_index": st.integers(2, 16) | st.none(),
        "category": st.none() | st.sampled_from(["a", "b", "c", "d"]),
        "events": st.integers(1, 4),
    }
)
USERS = st.lists(
    st.tuples(st.none() | st.lists(OWN, max_size=6), st.lists(st.integers(2, 16), unique=True)), max_size=5
)
POPULAR = st.lists(st.tuples(st.integers(2, 14), CATEGORIES), unique_by=lambda item: item[0])


def popular_items(popular: list[tuple[int, str | None]]) -> tuple[Popularity, PopularItems]:
    index = np.array([number for number, _ in popular], np.int32)
    events = np.arange(len(popular), 0, -1)
    ids = pa.array([f"i{number}" for number in index], pa.string())
    popularity = Popularity(index, ids, events / max(events.sum(), 1))
    return popularity, PopularItems(popularity, pa.array([category for _, category in popular], pa.string()))


def batch_of(users: list[tuple[list[Own] | None, list[int]]]) -> pa.RecordBatch:
    types = {"item_id": pa.string(), "item_index": pa.int32(), "category": pa.string(), "events": pa.int64()}

    def column(name: str) -> pa.Array:
        lists = [None if own is None else [each[name] for each in own] for own, _ in users]
        return pa.array(lists, pa.list_(types[name]))

    excluded = pa.array([items for _, items in users], pa.list_(pa.int32()))
    return pa.RecordBatch.from_pydict({**{name: column(name) for name in types}, "excluded": excluded})


def said(own: list[Own], excluded: list[int], popular: list[tuple[int, str | None]], blocked: str, k: int) -> list[str]:
    """One user's list, as the module describes it."""
    own_list = [each["item_id"] for each in own if each["item_index"] not in excluded and each["item_id"] != blocked]
    offered = [(n, c) for n, c in popular if n not in excluded and n not in {each["item_index"] for each in own}]
    share = {number: float(len(popular) - place) for place, (number, _) in enumerate(popular)}

    def probability(number: int, category: str | None) -> float:
        weight = sum(each["events"] for each in own if each["category"] == category is not None)
        total = sum(share[other] for other, theirs in popular if theirs == category)
        return weight * share[number] / total

    liked = [(number, probability(number, category)) for number, category in offered]
    liked = sorted((each for each in liked if each[1] > 0), key=lambda each: -round(each[1], 9))
    numbers = dict.fromkeys([*(number for number, _ in liked), *(number for number, _ in offered)])
    return [*own_list, *(f"i{number}" for number in numbers)][:k]


@given(popular=POPULAR, users=USERS, k=st.integers(1, 6))
def test_equal_to_the_description(
    popular: list[tuple[int, str | None]], users: list[tuple[list[Own] | None, list[int]]], k: int
) -> None:
    blocked = "i3"
    popular = [each for each in popular if each[0] != 3]
    for own, _ in users:
        for place, each in enumerate(own or []):
            each["item_id"] = f"n{place}" if each["item_index"] is None else f"i{each['item_index']}"
    # A user's items are distinct.
    users = [(None if own is None else list({each["item_id"]: each for each in own}.values()), e) for own, e in users]
    found = lists_of(batch_of(users), popular_items(popular)[1], (blocked,), k).to_pylist()
    assert found == [said(own or [], excluded, popular, blocked, k) for own, excluded in users]


def test_a_users_categories_come_before_what_all_like() -> None:
    """Popular are 2 to 5 with 4, 3, 2, 1 of ten events; `a` holds 2 and 5, `b` 4.

    Of four events three were in a: 2 gets 3/4 · 4/5, 4 gets 1/4 · 1, 5 gets 3/4 · 1/5; 3 has no category.
    """
    _, popular = popular_items([(2, "a"), (3, None), (4, "b"), (5, "a")])
    own = [
        {"item_id": "i9", "item_index": 9, "category": "a", "events": 3},
        {"item_id": "i8", "item_index": 8, "category": "b", "events": 1},
    ]
    batch = batch_of([(own, [9, 8]), (own, []), (None, [2])])
    assert lists_of(batch, popular, (), 4).to_pylist() == [
        ["i2", "i4", "i5", "i3"],
        ["i9", "i8", "i2", "i4"],
        ["i3", "i4", "i5"],
    ]
