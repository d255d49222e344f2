"""Packing: several histories share one block of T tokens, so that little of a batch is padding."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Placement:
    """Where each of n histories lies: tokens `start` to `start + length` of its block, as segment 1, 2, …

    All arrays are int64[n]; `segment` numbers the histories of a block in their order of `start`.
    """

    lengths: np.ndarray
    block: np.ndarray
    start: np.ndarray
    segment: np.ndarray
    blocks: int
    tokens: int

    @property
    def cells(self) -> np.ndarray:
        """The flat cell (block * T + token) of every token, histories one after another: int64[sum(lengths)]."""
        return ranges(self.block * self.tokens + self.start, self.lengths)

    @property
    def last_cells(self) -> np.ndarray:
        """The flat cell of each history's last token: int64[n]."""
        return self.block * self.tokens + self.start + self.lengths - 1

    def lay_out(self, values: np.ndarray) -> np.ndarray:
        """Put per-token values (histories one after another) into blocks, 0 elsewhere: int32[blocks, T]."""
        laid = np.zeros(self.blocks * self.tokens, np.int32)
        laid[self.cells] = values
        return laid.reshape(self.blocks, self.tokens)

    def segments(self) -> np.ndarray:
        """int32[blocks, T]: 0 is padding, 1, 2, … the histories of a block."""
        return self.lay_out(np.repeat(self.segment, self.lengths))

    def positions(self) -> np.ndarray:
        """int32[blocks, T]: T - 1 for the newest token of each history, one less for each one before it.

        So the network sees how far back a token lies, and the newest one, by which users are served, has a position
        that every history has trained.
        """
        return self.lay_out(ranges(self.tokens - self.lengths, self.lengths))


def place(lengths: np.ndarray, tokens: int) -> Placement:
    """Place histories of 1 … `tokens` tokens into blocks, best-fit decreasing.

    The longest goes first, each into the fullest block that still has room (Johnson 1973: at most
    11/9 of the optimum plus 6/9 blocks). Ties go by the order of `lengths`, so equal input gives equal output.

    >>> placement = place(np.array([2, 4, 3]), tokens=5)
    >>> placement.block.tolist(), placement.start.tolist(), placement.blocks
    ([1, 0, 1], [3, 0, 0], 2)
    """
    lengths = np.asarray(lengths, np.int64)
    block, start, segment = np.zeros((3, len(lengths)), np.int64)
    open_blocks: list[list[int]] = [[] for _ in range(tokens + 1)]  # by the room that is left
    rooms = 0  # bit r is set when a block with room r is open
    filled: list[int] = []  # histories in each block
    for history in np.argsort(-lengths, kind="stable").tolist():
        length = int(lengths[history])
        fitting = rooms >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            home = open_blocks[room].pop()
            if not open_blocks[room]:
                rooms &= ~(1 << room)
        else:
            room, home = tokens, len(filled)
            filled.append(0)
        filled[home] += 1
        block[history], start[history], segment[history] = home, tokens - room, filled[home]
        open_blocks[room - length].append(home)
        rooms |= 1 << (room - length)
    return Placement(lengths, block, start, segment, len(filled), tokens)


def pack_histories(columns: Columns, wanted: np.ndarray, offsets: np.ndarray, tokens: int) -> dict[str, np.ndarray]:
    """Pack histories into blocks: int32[blocks, tokens] for each column, and `segment` and `position`.

    columns: int32[m] each, histories one after another, oldest item first. wanted: bool[m], the tokens that have a
    target, learnt or held out. offsets: int64[n + 1], the histories' bounds. What comes after a history's last
    wanted token serves nothing and is left out. A longer history than a block is cut from its newest end into windows
    of `tokens`, each a segment of its own, so that every target is there once; a window without one is left out.

    >>> columns = {"item": np.array([5, 6, 7]), "target": np.array([6, 7, 0])}
    >>> pack_histories(columns, columns["target"] > 0, np.array([0, 3]), tokens=4)["target"]
    array([[6, 7, 0, 0]], dtype=int32)
    """
    ends, kept = _windows(_lengths_to_last_wanted(wanted, offsets), offsets, tokens)
    wanted_before = np.append(0, np.cumsum(wanted))
    serves = wanted_before[ends] > wanted_before[ends - kept]
    placement = place(kept[serves], tokens)
    inputs = ranges((ends - kept)[serves], placement.lengths)
    laid = {name: placement.lay_out(values[inputs]) for name, values in columns.items()}
    return {**laid, "segment": placement.segments(), "position": placement.positions()}


def _windows(lengths: np.ndarray, offsets: np.ndarray, tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each history's first `lengths` tokens, windows of `tokens` counted from their end: their ends and lengths."""
    count = -(-lengths // tokens)
    history = np.repeat(np.arange(len(lengths)), count)
    back = ranges(np.zeros_like(count), count) * tokens  # how far before the end a window ends
    return (offsets[:-1] + lengths)[history] - back, np.minimum(lengths[history] - back, tokens)


def _lengths_to_last_wanted(wanted: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """How many items each history has up to its last wanted one: int64[n]."""
    history = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    lengths = np.zeros(len(offsets) - 1, np.int64)
    places = np.flatnonzero(wanted)
    np.maximum.at(lengths, history[places], places + 1 - offsets[:-1][history[places]])
    return lengths


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The numbers start, start + 1, … of each range, one range after another: int64[sum(lengths)].

    >>> ranges(np.array([3, 9]), np.array([2, 3])).tolist()
    [3, 4, 9, 10, 11]
    """
    starts, lengths = np.asarray(starts, np.int64), np.asarray(lengths, np.int64)
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
