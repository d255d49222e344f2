"""Which later event a token of a history is trained to predict, and which are held out to validate it on.

Places are positions in arrays that hold histories one after another; NOWHERE says that there is nothing to predict.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from interest_spark.schemas.behaviors import UNKNOWN_INDEX

NOWHERE = -1

TargetsWithin: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""From the bounds of histories, int64[n + 1], to the place of each event's target, int64[m]."""


def next_events(items: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The place of the event after each event of its history: int64[m].

    items: int32[m], oldest first. offsets: int64[n + 1], the histories' bounds.

    >>> next_events(np.array([5, 6, 7, 8]), np.array([0, 3, 4])).tolist()
    [1, 2, -1, -1]
    """
    places = np.arange(1, len(items) + 1)
    places[offsets[1:][np.diff(offsets) > 0] - 1] = NOWHERE
    return _known(places, items)


def next_sessions(items: np.ndarray, offsets: np.ndarray, times: np.ndarray, gap: int) -> np.ndarray:
    """For each event the place of one of the session after its own: int64[m].

    A session ends where the next event is at least `gap` later; `times`: int64[m] in the same unit. The j-th event
    of a session gets the j-th of the next one, counted round, so that a basket is predicted from the basket
    before it and not from its own other half.

    >>> items, times = np.array([11, 12, 13, 14, 15]), np.array([0, 0, 0, 9, 9])
    >>> next_sessions(items, np.array([0, 5]), times, gap=5).tolist()
    [3, 4, 3, -1, -1]
    """
    count = len(items)
    begins = np.zeros(count, bool)
    begins[1:] = np.diff(times) >= gap
    begins[offsets[:-1][np.diff(offsets) > 0]] = True
    starts = np.append(np.flatnonzero(begins), count)
    session = np.cumsum(begins) - 1  # [m]
    following = session + 1
    lengths = np.append(np.diff(starts), 1)  # the session after the last one is empty; 1 keeps the remainder defined
    places = starts[following] + (np.arange(count) - starts[session]) % lengths[following]
    inside = places < offsets[1:][history_of(offsets)]
    return _known(np.where(inside, places, NOWHERE), items)


def hold_out_last(places: np.ndarray, offsets: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take the last target of each chosen history (bool[n]) out of training: places for training, places held out.

    The last token that has a target is to predict it in validation; whatever else lies after that token is no
    target of training either, so nothing of the held-out event's session is learnt. Leave-one-out: what others did
    after a held-out event is learnt.

    >>> hold_out_last(np.array([1, 2, -1, 4, -1]), np.array([0, 3, 5]), np.array([True, False]))
    (array([ 1, -1, -1,  4, -1]), array([-1,  2, -1, -1, -1]))
    """
    history = history_of(offsets)
    last = np.full(len(offsets) - 1, NOWHERE)
    with_target = np.flatnonzero(places != NOWHERE)
    np.maximum.at(last, history[with_target], with_target)
    validated = last[chosen & (last != NOWHERE)]
    held_out = np.full(len(places), NOWHERE)
    held_out[validated] = places[validated]
    learnt = ~(chosen[history] & (places > last[history]))
    return np.where(learnt, places, NOWHERE), held_out


def hold_out_period(
    targets_within: TargetsWithin, offsets: np.ndarray, times: np.ndarray, cut: int, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Keep what happened at `cut` or later out of training: places for training, places held out.

    targets_within: gives the places of targets for histories with the bounds that it is given. times: int64[m],
    ascending within a history, in the unit of `cut`. The last event of each chosen history (bool[n]) before the cut
    is to predict its target, which lies at the cut or later. What is learnt is found as if the events from the cut
    on had not happened yet: the item of a session that a token is to predict depends on the session's length.

    >>> from functools import partial
    >>> items, times = np.array([5, 6, 7, 8, 9]), np.array([1, 2, 8, 1, 9])
    >>> within = partial(next_events, items)
    >>> hold_out_period(within, np.array([0, 3, 5]), times, cut=8, chosen=np.array([True, False]))
    (array([ 1, -1, -1, -1, -1]), array([-1,  2, -1, -1, -1]))
    """
    before = times < cut
    ends = offsets[:-1] + np.diff(np.append(0, np.cumsum(before))[offsets])  # of each history's part before the cut
    learnt = targets_within(np.sort(np.concatenate([offsets, ends])))
    validated = (ends - 1)[chosen & (ends > offsets[:-1])]
    held_out = np.full(len(times), NOWHERE)
    held_out[validated] = targets_within(offsets)[validated]
    return np.where(before, learnt, NOWHERE), held_out


def only_new(places: np.ndarray, is_new: np.ndarray, replayed: np.ndarray) -> np.ndarray:
    """The places of events that are new (bool[m]), and all those of tokens whose history is `replayed` (bool[m]).

    >>> only_new(np.array([1, 2, -1]), np.array([True, False, True]), np.array([False, False, False])).tolist()
    [-1, 2, -1]
    """
    return np.where(replayed | is_new[places], places, NOWHERE)


def pick(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The values at the places, 0 where there is none: int32[m]."""
    return np.where(places != NOWHERE, values[places], 0).astype(np.int32)


def history_of(offsets: np.ndarray) -> np.ndarray:
    """The number of each event's history: int64[m]."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _known(places: np.ndarray, items: np.ndarray) -> np.ndarray:
    """An unknown item is nothing to predict."""
    known = places != NOWHERE
    known[known] = items[places[known]] != UNKNOWN_INDEX
    return np.where(known, places, NOWHERE)
