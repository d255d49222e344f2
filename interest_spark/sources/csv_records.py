"""Lines of CSV to its records: quoted line breaks are within one, comments and headers in the middle are none."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from interest_spark.sources.dialect import Dialect
from interest_spark.sources.faults import UnreadableFileError
from interest_spark.sources.lines import Lines, Places, places_of
from interest_spark.sources.records import BOM, RefusedLineError

SEPARATOR_LINE = re.compile(rb'"?sep=(.+?)"?', re.IGNORECASE | re.DOTALL)
"""The first line of a file, as Excel writes it."""


def is_comment(content: bytes, comment: str | None) -> bool:
    """Whether a line is no data for what it begins with."""
    return comment is not None and content.startswith(comment.encode())


def without(parts: Iterator[Lines], comment: str | None, header: bytes | None) -> Iterator[Lines]:
    """The lines that are neither comments nor equal to the header, which files put together have again."""
    for part in parts:
        left = np.ones(len(part), np.bool_)
        if part.numbers[0] == 1:
            first = part.content[part.starts[0] : part.ends[0]].removeprefix(BOM)
            left[0] = not SEPARATOR_LINE.fullmatch(first.strip())
        for place in _beginning_with(part, comment.encode()) if comment else ():
            left[place] = False
        for place in np.flatnonzero(part.text_ends() - part.starts == len(header)) if header else ():
            left[place] &= not part.content.startswith(header or b"", part.starts[place])
        found = part if left.all() else part.part(left)
        if len(found):
            yield found


def _beginning_with(part: Lines, sign: bytes) -> Iterator[int]:
    if sign not in part.content:
        return
    content = np.frombuffer(part.content, np.uint8)
    starts = part.starts.copy()
    if part.numbers[0] == 1 and part.content.startswith(BOM, starts[0]):
        starts[0] += len(BOM)
    like = (starts < part.ends) & (content[np.minimum(starts, len(content) - 1)] == sign[0])
    for place in np.flatnonzero(like):
        if part.content.startswith(sign, starts[place], part.ends[place]):
            yield int(place)


def joined(parts: Iterator[Lines], dialect: Dialect, cell_count: int, max_line_bytes: int) -> Iterator[Lines]:
    """Lines of which those become one that together are a record, with line breaks in its quotes.

    A line with a quote that nothing closes stays by itself, whatever follows.
    """
    if dialect.quote is None:
        yield from parts
        return

    def is_record(content: bytes) -> bool:
        try:
            return len(dialect.cells(content.decode("utf-8", errors="replace"))) == cell_count
        except RefusedLineError:
            return False

    held: Lines | None = None
    fault: UnreadableFileError | None = None
    try:
        for part in parts:
            together = part if held is None else _after(held, part)
            whole, held = _join(together, dialect, is_record, max_line_bytes)
            if len(whole):
                yield whole
    except UnreadableFileError as error:
        fault = error
    if held is not None:
        yield held
    if fault is not None:
        raise fault


def open_lines(content: bytes, starts: Places, ends: Places, dialect: Dialect) -> Places:
    """The places of the lines with an odd number of quotes that no escape stands before."""
    quotes = places_of(content, np.frombuffer(content, np.uint8), (dialect.quote or "").encode())
    if dialect.escape and len(quotes):
        escape = dialect.escape.encode()
        quotes = quotes[[_escapes_before(content, place, escape) % 2 == 0 for place in quotes]]
    if not len(quotes):
        return quotes
    return np.flatnonzero((np.searchsorted(quotes, ends) - np.searchsorted(quotes, starts)) % 2)


def _escapes_before(content: bytes, place: int, escape: bytes) -> int:
    start = place
    while start and content[start - 1 : start] == escape:
        start -= 1
    return place - start


def _join(
    lines: Lines, dialect: Dialect, is_record: Callable[[bytes], bool], max_line_bytes: int
) -> tuple[Lines, Lines | None]:
    """The lines with records joined, and the last of them that the lines to follow may yet close."""
    odd = open_lines(lines.content, lines.starts, lines.ends, dialect).tolist()
    ends, lengths, kept = lines.ends, lines.lengths, np.ones(len(lines), np.bool_)
    if odd:
        ends, lengths = ends.copy(), lengths.copy()
    for first, last in pairwise(odd):
        start, end = int(lines.starts[first]), int(lines.ends[last])
        if kept[first] and end - start <= max_line_bytes and is_record(_text(lines, first, end)):
            ends[first], lengths[first] = end, end - start
            kept[first + 1 : last + 1] = False
    joined = Lines(lines.content, lines.numbers, lines.starts, ends, lengths)
    if odd and kept[odd[-1]]:
        begins = odd[-1]
        if lines.ends[-1] - lines.starts[begins] <= max_line_bytes and lines.lengths[begins] <= max_line_bytes:
            return joined.part(np.flatnonzero(kept[:begins])), lines.part(slice(begins, None))
    return (joined if kept.all() else joined.part(kept)), None


def _text(lines: Lines, first: int, end: int) -> bytes:
    content = lines.content[lines.starts[first] : end]
    content = content.removeprefix(BOM) if lines.numbers[first] == 1 else content
    return content.removesuffix(b"\r")


def _after(held: Lines, part: Lines) -> Lines:
    """The lines held back, and those that follow them."""
    content = held.content[held.starts[0] : held.ends[-1]] + b"\n"
    moved, shift = held.starts[0], len(content) - part.starts[0]
    return Lines(
        content + part.content[part.starts[0] : part.ends[-1]],
        np.concatenate([held.numbers, part.numbers]),
        np.concatenate([held.starts - moved, part.starts + shift]),
        np.concatenate([held.ends - moved, part.ends + shift]),
        np.concatenate([held.lengths, part.lengths]),
    )
