"""Targets against their definitions, one item at a time."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.features.blocks.targets import NOWHERE, hold_out, next_events, next_sessions, pick

GAP = 10
# A history is a list of sessions, a session a list of items.
HISTORIES = st.lists(st.lists(st.lists(st.integers(2, 9), min_size=1, max_size=4), max_size=4), max_size=6)


def laid_out(histories: list[list[list[int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    items, times, lengths = [], [], []
    for sessions in histories:
        lengths.append(sum(map(len, sessions)))
        for number, session in enumerate(sessions):
            items += session
            times += [number * GAP] * len(session)
    return np.array(items, np.int32), np.cumsum([0, *lengths]), np.array(times, np.int64)


@given(HISTORIES)
def test_a_sessions_items_are_predicted_from_the_session_before(histories: list[list[list[int]]]) -> None:
    expected = []
    for sessions in histories:
        for number, session in enumerate(sessions):
            following = sessions[number + 1] if number + 1 < len(sessions) else [0]
            expected += [following[place % len(following)] for place in range(len(session))]
    items, offsets, times = laid_out(histories)
    assert pick(items, next_sessions(items, offsets, times, GAP)).tolist() == expected


@given(HISTORIES)
def test_the_next_event_is_the_next_item_of_the_same_history(histories: list[list[list[int]]]) -> None:
    expected = []
    for sessions in histories:
        items = [item for session in sessions for item in session]
        expected += [*items[1:], 0][: len(items)]
    items, offsets, _ = laid_out(histories)
    assert pick(items, next_events(items, offsets)).tolist() == expected


def test_a_pause_just_below_the_gap_is_no_new_session() -> None:
    items, offsets = np.array([2, 3, 4], np.int32), np.array([0, 3])
    assert next_sessions(items, offsets, np.array([0, GAP - 1, 2 * GAP - 1]), GAP).tolist() == [2, 2, NOWHERE]


def test_an_unknown_item_is_no_target() -> None:
    items, offsets = np.array([2, 1, 3], np.int32), np.array([0, 3])
    assert next_events(items, offsets).tolist() == [NOWHERE, 2, NOWHERE]
    assert next_sessions(items, offsets, np.array([0, GAP, 2 * GAP]), GAP).tolist() == [NOWHERE, 2, NOWHERE]


@given(HISTORIES, st.data())
def test_what_is_held_out_is_the_last_target_and_its_session_is_not_learnt(
    histories: list[list[list[int]]], data: st.DataObject
) -> None:
    items, offsets, times = laid_out(histories)
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=len(histories), max_size=len(histories))), bool)
    for places in (next_events(items, offsets), next_sessions(items, offsets, times, GAP)):
        learnt, held_out = hold_out(places, offsets, chosen)
        for history, (start, end) in enumerate(pairwise(offsets)):
            own = slice(start, end)
            with_target = start + np.flatnonzero(places[own] != NOWHERE)
            if not chosen[history] or not len(with_target):
                assert (learnt[own] == places[own]).all()
                assert (held_out[own] == NOWHERE).all()
                continue
            last = with_target[-1]
            assert np.flatnonzero(held_out[own] != NOWHERE).tolist() == [last - start]
            assert held_out[last] == places[last]
            before = np.where(places[own] <= last, places[own], NOWHERE)
            assert (learnt[own] == before).all()
