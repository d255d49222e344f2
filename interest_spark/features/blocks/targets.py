"""Which later event a token of a history is trained to predict, and which are held out to judge the training.

Places are positions in arrays that hold histories one after another; NOWHERE says that there is nothing to predict.
"""

import numpy as np

from interest_spark.schemas.behaviors import UNKNOWN_INDEX

NOWHERE = -1


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


def hold_out(places: np.ndarray, offsets: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take the last target of each chosen history (bool[n]) out of training: places for training, places held out.

    The last token that has a target is to predict it in validation; whatever else lies after that token is no
    target of training either, so nothing of the held-out event's session is learnt.

    >>> hold_out(np.array([1, 2, -1, 4, -1]), np.array([0, 3, 5]), np.array([True, False]))
    (array([ 1, -1, -1,  4, -1]), array([-1,  2, -1, -1, -1]))
    """
    history = history_of(offsets)
    last = np.full(len(offsets) - 1, NOWHERE)
    with_target = np.flatnonzero(places != NOWHERE)
    np.maximum.at(last, history[with_target], with_target)
    judged = last[chosen & (last != NOWHERE)]
    held_out = np.full(len(places), NOWHERE)
    held_out[judged] = places[judged]
    learnt = ~(chosen[history] & (places > last[history]))
    return np.where(learnt, places, NOWHERE), held_out


def only_since(places: np.ndarray, times: np.ndarray, since: int, replayed: np.ndarray) -> np.ndarray:
    """The places whose events are at `since` or later, and all those of tokens that are `replayed` (bool[m]).

    >>> only_since(np.array([1, 2, -1]), np.array([10, 20, 30]), 25, np.array([False, False, False])).tolist()
    [-1, 2, -1]
    """
    return np.where(replayed | (times[places] >= since), places, NOWHERE)


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
