"""Targets against their definitions, one item at a time."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.features.blocks.targets import (
    NOWHERE,
    TargetsWithin,
    hold_out_last,
    hold_out_period,
    next_events,
    next_sessions,
    pick,
)

GAP = 10
# A history is a list of sessions, a session a list of items.
Histories = list[list[tuple[int, int]]]
EVENTS = st.lists(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5 * GAP)), max_size=12), max_size=6)
"""Histories of (item, time); 1 is the unknown item."""
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
        learnt, held_out = hold_out_last(places, offsets, chosen)
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


def targets_of(histories: Histories, kind: str) -> tuple[TargetsWithin, np.ndarray, np.ndarray, np.ndarray]:
    """The rule for the kind of target, and the bounds, times and items of the histories, oldest events first."""
    events = [event for history in histories for event in sorted(history, key=lambda event: event[1])]
    items, times = (np.array([event[part] for event in events], np.int64) for part in (0, 1))
    within = (
        partial(next_events, items) if kind == "next_event" else partial(next_sessions, items, times=times, gap=GAP)
    )
    return within, np.cumsum([0, *map(len, histories)]), times, items


def learnt_items(histories: Histories, kind: str, cut: int) -> list[list[int]]:
    """Of each history's events before the cut, the item that each is trained to predict."""
    within, offsets, times, items = targets_of(histories, kind)
    learnt, _ = hold_out_period(within, offsets, times, cut, np.ones(len(histories), bool))
    targets = pick(items, learnt)
    assert not targets[times >= cut].any()
    return [targets[start:end][times[start:end] < cut].tolist() for start, end in pairwise(offsets)]


@pytest.mark.parametrize("kind", ["next_event", "next_session"])
@given(EVENTS, EVENTS, st.integers(0, 5 * GAP))
def test_no_event_of_the_period_changes_what_is_learnt(
    kind: str, histories: Histories, others: Histories, cut: int
) -> None:
    before = [[event for event in history if event[1] < cut] for history in histories]
    later = [[event for event in history if event[1] >= cut] for history in others]
    later += [[]] * (len(before) - len(later))
    within, offsets, _, items = targets_of(before, kind)
    expected = [pick(items, within(offsets))[start:end].tolist() for start, end in pairwise(offsets)]
    assert learnt_items(before, kind, cut) == expected
    assert learnt_items(histories, kind, cut) == expected
    assert learnt_items([past + new for past, new in zip(before, later, strict=False)], kind, cut) == expected


@pytest.mark.parametrize("kind", ["next_event", "next_session"])
@given(EVENTS, st.integers(0, 5 * GAP), st.data())
def test_the_last_event_before_the_period_is_to_predict_its_target_in_it(
    kind: str, histories: Histories, cut: int, data: st.DataObject
) -> None:
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=len(histories), max_size=len(histories))), bool)
    within, offsets, times, _ = targets_of(histories, kind)
    learnt, held_out = hold_out_period(within, offsets, times, cut, chosen)
    places = within(offsets)
    expected = np.full(len(times), NOWHERE)
    for history, (start, end) in enumerate(pairwise(offsets)):
        before = start + np.flatnonzero(times[start:end] < cut)
        if chosen[history] and len(before):
            expected[before[-1]] = places[before[-1]]
    assert held_out.tolist() == expected.tolist()
    assert (times[held_out[held_out != NOWHERE]] >= cut).all()
    assert (times[learnt[learnt != NOWHERE]] < cut).all()
