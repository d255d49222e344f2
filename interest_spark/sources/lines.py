"""Numbered lines of raw bytes, kept as places in the bytes: what is done to all lines is done at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BATCH_LINES = 1 << 16
_LINE_BREAK, _RETURN = ord("\n"), ord("\r")

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """One raw line without its line break; `content` is cut when the line is longer than allowed."""

    number: int  # from 1
    content: bytes
    length: int  # in bytes, of the whole line


@dataclass(frozen=True)
class Lines:
    """Lines in the order of their file: line i is `content[starts[i]:ends[i]]`, without the line feed that ends it."""

    content: bytes
    numbers: Places  # from 1
    starts: Places
    ends: Places
    lengths: Places  # in bytes, of the whole lines; `content` may lack the end of a line longer than allowed

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, place: int, max_line_bytes: int) -> Line:
        """One of the lines by itself, `place` from 0."""
        content = self.content[self.starts[place] : self.ends[place]][:max_line_bytes]
        return Line(int(self.numbers[place]), content.removesuffix(b"\r"), int(self.lengths[place]))

    def part(self, chosen: "slice | np.ndarray") -> "Lines":
        """Those of the lines in a slice of the places, or at these."""
        places = (self.numbers, self.starts, self.ends, self.lengths)
        return Lines(self.content, *(each[chosen] for each in places))

    def text_ends(self) -> Places:
        """Where the lines end when the carriage return of a Windows line break is no part of them."""
        content = np.frombuffer(self.content, np.uint8)
        returns = (self.ends > self.starts) & (content[np.maximum(self.ends - 1, 0)] == _RETURN)
        return self.ends - returns


def places_of(content: bytes, as_numbers: np.ndarray, sign: bytes) -> Places:
    """The places where a sign of one or more bytes begins in the content."""
    if sign not in content:
        return np.empty(0, np.int64)
    found = as_numbers[: len(as_numbers) - len(sign) + 1] == sign[0]
    for place in range(1, len(sign)):
        found = found & (as_numbers[place : len(as_numbers) - len(sign) + 1 + place] == sign[place])
    return np.flatnonzero(found)


def split_lines(content: bytes, number: int, dropped: int) -> Iterator[Lines]:
    """The lines of a chunk, some ten thousand at a time; its first line lacks `dropped` bytes that it had."""
    ends = np.flatnonzero(np.frombuffer(content, np.uint8) == _LINE_BREAK)
    if not content.endswith(b"\n"):
        ends = np.append(ends, len(content))
    start = 0
    # A chunk of line breaks alone has millions of lines, so all else is computed for each batch.
    for first in range(0, len(ends), _BATCH_LINES):
        batch = ends[first : first + _BATCH_LINES]
        starts = np.concatenate([[start], batch[:-1] + 1])
        lengths = batch - starts
        lengths[0] += dropped if first == 0 else 0
        yield Lines(content, np.arange(number + first, number + first + len(batch)), starts, batch, lengths)
        start = batch[-1] + 1
