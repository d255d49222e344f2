"""What a token of a history is trained to predict."""

import numpy as np

from interest_spark.schemas import PADDING_INDEX, UNKNOWN_INDEX


def next_events(items: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The item that follows each item of its history, PADDING_INDEX after the last: int32[m].

    items: int32[m], histories one after another, oldest first. offsets: int64[n + 1], their bounds.

    >>> next_events(np.array([5, 6, 7, 8]), np.array([0, 3, 4])).tolist()
    [6, 7, 0, 0]
    """
    targets = np.append(items[1:], PADDING_INDEX)[: len(items)]
    targets[offsets[1:][np.diff(offsets) > 0] - 1] = PADDING_INDEX
    return _known(targets)


def next_sessions(items: np.ndarray, offsets: np.ndarray, times: np.ndarray, gap: int) -> np.ndarray:
    """For each item one of the items of the session after its own, PADDING_INDEX in the last session: int32[m].

    A session ends where the next event is at least `gap` later; `times`: int64[m] in the same unit. The j-th item
    of a session gets the j-th of the next one, counted round, so that a basket is predicted from the basket
    before it and not from its own other half.

    >>> items, times = np.array([1, 2, 3, 4, 5]), np.array([0, 0, 0, 9, 9])
    >>> next_sessions(items, np.array([0, 5]), times, gap=5).tolist()
    [4, 5, 4, 0, 0]
    """
    count = len(items)
    begins = np.zeros(count, bool)
    begins[1:] = np.diff(times) >= gap
    begins[offsets[:-1][np.diff(offsets) > 0]] = True
    starts = np.append(np.flatnonzero(begins), count)
    session = np.cumsum(begins) - 1  # [m]
    following = session + 1
    lengths = np.append(np.diff(starts), 1)  # the session after the last one is empty; 1 keeps the remainder defined
    place = starts[following] + (np.arange(count) - starts[session]) % lengths[following]
    history = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    inside = place < offsets[1:][history]
    return _known(np.where(inside, items[np.where(inside, place, 0)], PADDING_INDEX))


def _known(targets: np.ndarray) -> np.ndarray:
    """An unknown item is nothing to predict."""
    return np.where(targets == UNKNOWN_INDEX, PADDING_INDEX, targets).astype(np.int32)
