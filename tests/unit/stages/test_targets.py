"""Targets against their definitions, one item at a time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.stages.targets import next_events, next_sessions

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
    assert next_sessions(*laid_out(histories), GAP).tolist() == expected


@given(HISTORIES)
def test_the_next_event_is_the_next_item_of_the_same_history(histories: list[list[list[int]]]) -> None:
    expected = []
    for sessions in histories:
        items = [item for session in sessions for item in session]
        expected += [*items[1:], 0][: len(items)]
    items, offsets, _ = laid_out(histories)
    assert next_events(items, offsets).tolist() == expected


def test_a_pause_just_below_the_gap_is_no_new_session() -> None:
    items, offsets = np.array([2, 3, 4], np.int32), np.array([0, 3])
    assert next_sessions(items, offsets, np.array([0, GAP - 1, 2 * GAP - 1]), GAP).tolist() == [4, 4, 0]


def test_an_unknown_item_is_no_target() -> None:
    items, offsets = np.array([2, 1, 3], np.int32), np.array([0, 3])
    assert next_events(items, offsets).tolist() == [0, 3, 0]
    assert next_sessions(items, offsets, np.array([0, GAP, 2 * GAP]), GAP).tolist() == [0, 3, 0]
