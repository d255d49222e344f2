"""Everyone gets K suggestions or all there are: no seen, blocked or repeated item, model before popularity."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.foundation.errors import BadDataError
from interest_spark.serving.popularity import Popularity
from interest_spark.serving.recommender import Lists, Recommender
from interest_spark.serving.topk import NO_ITEM
from tests.histories import as_histories
from tests.unit.serving.worlds import AddingEncoder

MODEL_ITEMS = [2, 3, 5, 8]
VECTORS = np.array([[1, 0], [1, 1], [0, 1], [-1, 0]])


def popularity(items: list[int], blocked: tuple[str, ...] = ()) -> Popularity:
    kept = [item for item in items if f"item-{item}" not in blocked]
    ids = pa.array([f"item-{item}" for item in kept], pa.string())
    share = np.array([1 / (place + 2) for place, item in enumerate(items) if item in kept])
    return Popularity(np.array(kept, np.int32), ids, share)


def lists(rows: list[list[int]]) -> Lists:
    return Lists.of_lengths(
        np.array([len(row) for row in rows]), np.array([item for row in rows for item in row], np.int32)
    )


def suggest(
    histories: list[list[int]], popular: list[int], k: int, exclude_seen: bool = True, blocked: tuple[str, ...] = ()
) -> list[list[tuple[str, float, str]]]:
    encoder = AddingEncoder(MODEL_ITEMS, VECTORS)
    recommender = Recommender(encoder, popularity(popular, blocked), k, exclude_seen, blocked)
    result = recommender.suggest(as_histories(histories), lists([sorted(set(row)) for row in histories]))
    ids = recommender.item_ids.to_pylist()
    return [
        [
            (ids[choice], float(score), "model" if choice < recommender.model_items else "popularity")
            for choice, score in zip(choices, scores, strict=True)
            if choice != NO_ITEM
        ]
        for choices, scores in zip(result.choices, result.scores, strict=True)
    ]


def test_the_model_first_then_popularity() -> None:
    assert suggest([[2, 3]], [9, 2, 5, 7], k=4) == [
        # the vector is (2, 1): item 5 scores 1, item 8 scores -2
        [
            ("item-5", 1.0, "model"),
            ("item-8", -2.0, "model"),
            ("item-9", 1 / 2, "popularity"),
            ("item-7", 1 / 5, "popularity"),
        ]
    ]


def test_a_user_the_model_does_not_know_gets_popularity() -> None:
    rows = suggest([[1, 9], [5]], [9, 2, 5, 7], k=2)
    assert rows[0] == [("item-2", 1 / 3, "popularity"), ("item-5", 1 / 4, "popularity")]
    assert [source for _, _, source in rows[1]] == ["model", "model"]


def test_seen_items_stay_in_a_shop_for_repeat_purchases() -> None:
    assert suggest([[2, 3]], [9], k=2, exclude_seen=False) == [[("item-3", 3.0, "model"), ("item-2", 2.0, "model")]]


def test_no_more_candidates() -> None:
    assert suggest([[2, 3, 5, 8, 9]], [9, 7], k=3) == [[("item-7", 1 / 3, "popularity")]]


def test_blocked_items_come_from_neither_source() -> None:
    rows = suggest([[2], [9]], [9, 3, 2], k=4, blocked=("item-3", "item-5"))
    assert [[item for item, _, _ in row] for row in rows] == [["item-8", "item-9"], ["item-2"]]


def test_vectors_that_are_not_finite_are_bad_data() -> None:
    with pytest.raises(BadDataError, match=r"train\.optimizer\.learning_rate"):
        Recommender(AddingEncoder(MODEL_ITEMS, VECTORS * np.nan), popularity([]), 2, True, ())


@settings(max_examples=200, deadline=None)
@given(
    histories=st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=12), min_size=1, max_size=8),
    popular=st.lists(st.integers(2, 12), unique=True),
    k=st.integers(1, 8),
    exclude_seen=st.booleans(),
    blocked=st.sets(st.integers(2, 12), max_size=5),
)
def test_everyone_gets_an_answer(
    histories: list[list[int]], popular: list[int], k: int, exclude_seen: bool, blocked: set[int]
) -> None:
    rows = suggest(histories, popular, k, exclude_seen, tuple(f"item-{item}" for item in blocked))
    for history, row in zip(histories, rows, strict=True):
        items = [int(item.removeprefix("item-")) for item, _, _ in row]
        banned = blocked | (set(history) if exclude_seen else set())
        known = set(MODEL_ITEMS) & set(history)
        reachable = (set(popular) | (set(MODEL_ITEMS) if known else set())) - banned
        assert len(items) == len(set(items)) == min(k, len(reachable))
        assert set(items) <= reachable
        sources = [source for _, _, source in row]
        assert sources == sorted(sources)
        vector = VECTORS[[place for place, item in enumerate(MODEL_ITEMS) if item in known]].sum(axis=0)
        dots = {item: float(VECTORS[place] @ vector) for place, item in enumerate(MODEL_ITEMS) if item not in banned}
        from_model = sorted(dots, key=lambda item: (-dots[item], item))[:k] if known else []
        filled = [item for item in popular if item not in banned and item not in from_model]
        assert items == (from_model + filled)[:k]
