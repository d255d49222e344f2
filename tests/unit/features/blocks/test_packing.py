"""Packing loses nothing, repeats nothing and wastes little."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.features.blocks.packing import pack_histories, place
from interest_spark.features.blocks.targets import next_events, pick
from interest_spark.schemas.behaviors import UNKNOWN_INDEX

Histories = list[list[int]]

TOKENS = 6
HISTORIES = st.lists(st.lists(st.integers(1, 9), min_size=0, max_size=4 * TOKENS), max_size=30)


def pack(histories: Histories, tokens: int = TOKENS) -> dict[str, np.ndarray]:
    items = np.array([item for history in histories for item in history], np.int32)
    offsets = np.cumsum([0, *map(len, histories)])
    columns = {
        "item": items,
        "target": pick(items, next_events(items, offsets)),
        "behavior": np.arange(len(items), dtype=np.int32) + 1,
    }
    return pack_histories(columns, columns["target"] > 0, offsets, tokens)


def segments(columns: dict[str, np.ndarray]) -> list[list[tuple[int, int, int]]]:
    """The (item, target, position) tokens of every segment of every block."""
    found = []
    for block in range(len(columns["item"])):
        row = {name: values[block] for name, values in columns.items()}
        for segment in range(1, row["segment"].max() + 1):
            cells = np.flatnonzero(row["segment"] == segment)
            assert (np.diff(cells) == 1).all(), "a segment has a hole"
            found.append([(int(row["item"][c]), int(row["target"][c]), int(row["position"][c])) for c in cells])
    return found


@given(HISTORIES)
def test_every_kept_token_is_there_once_and_in_order(histories: Histories) -> None:
    expected = []
    for history in histories:
        pairs = [(item, 0 if target == UNKNOWN_INDEX else target) for item, target in pairwise(history)]
        while pairs and pairs[-1][1] == 0:  # tokens after the last target teach nothing
            pairs.pop()
        while pairs:  # windows from the newest end
            pairs, window = pairs[:-TOKENS], pairs[-TOKENS:]
            if any(target for _, target in window):
                expected.append([(*pair, TOKENS - len(window) + place) for place, pair in enumerate(window)])
    assert sorted(segments(pack(histories))) == sorted(expected)


def test_a_window_without_a_target_is_left_out() -> None:
    items = np.arange(5, 19, dtype=np.int32)
    target = np.append(items[1:13], [0, 0])
    target[:5] = 0  # of the windows of 6, counted from the end of the last target, the oldest has nothing to learn
    target[11] = 0
    packed = pack_histories({"item": items, "target": target}, target > 0, np.array([0, 14]), tokens=6)
    assert packed["item"].tolist() == [[10, 11, 12, 13, 14, 15]]
    assert packed["position"].tolist() == [[0, 1, 2, 3, 4, 5]]


@given(HISTORIES)
def test_columns_are_aligned_and_padding_is_zero(histories: Histories) -> None:
    columns = pack(histories)
    items = np.array([0] + [item for history in histories for item in history])
    filled = columns["segment"] > 0
    np.testing.assert_array_equal(columns["item"], items[columns["behavior"]])
    assert all(values.dtype == np.int32 and not values[~filled].any() for values in columns.values())


@given(st.lists(st.integers(1, TOKENS), max_size=60))
def test_best_fit_decreasing_opens_a_block_only_when_none_has_room(lengths: list[int]) -> None:
    placement = place(np.array(lengths, np.int64), TOKENS)
    rooms: list[int] = []
    for length in sorted(lengths, reverse=True):
        fitting = [room for room in rooms if room >= length]
        if fitting:
            rooms.remove(min(fitting))
            rooms.append(min(fitting) - length)
        else:
            rooms.append(TOKENS - length)
    assert placement.blocks == len(rooms)
    filled = np.bincount(placement.block, weights=placement.lengths, minlength=placement.blocks)
    assert sorted(TOKENS - filled) == sorted(rooms)


def test_padding_is_a_small_share_of_usual_histories() -> None:
    lengths = np.random.default_rng(0).zipf(1.5, 20_000).clip(1, 100)
    placement = place(lengths, 100)
    assert lengths.sum() / (placement.blocks * 100) > 0.99


@pytest.mark.parametrize("histories", [[], [[]], [[5]], [[5], [6]]])
def test_histories_without_a_pair_give_no_block(histories: Histories) -> None:
    assert pack(histories)["item"].shape == (0, TOKENS)
