"""Objects of JSON that are no lines: in an array, or one after the other without line breaks between them.

Such a file is read object by object, numbered from 1. Line breaks within an object, outside its texts, become spaces.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from interest_spark.sources.faults import READ_FAULTS, UnreadableFileError
from interest_spark.sources.lines import Lines, Places, places_of
from interest_spark.sources.records import BOM

PEEK_BYTES = 1 << 20
"""So many of a file's first bytes are enough to tell."""

_ARRAY = re.compile(rb"\s*\[\s*[\[{\]]")
_OBJECT = re.compile(rb"\s*\{")
_NEXT_ON_LINE = re.compile(rb"[ \t]*,?[ \t]*[\[{]")
_BETWEEN = np.zeros(256, np.bool_)
_BETWEEN[list(b" \t\r\n\v\f,[]\x1e" + BOM)] = True


def holds_documents(head: bytes) -> bool:
    """Whether a file that begins so is an array, or has objects on one line or on several; else it has lines.

    It needs a whole object to tell, which stands in the first bytes of all but odd files.
    """
    head = head.removeprefix(BOM)
    if _ARRAY.match(head):
        return True
    begin = _OBJECT.match(head)
    if begin is None:
        return False
    start = begin.end() - 1
    line_end = head.find(b"\n", start)
    if line_end >= 0 and _is_object(head[start:line_end]):
        return False  # as in most files
    found = _scan(head[start:])
    if not len(found.ends) or found.starts[0]:
        return False
    end = start + int(found.ends[0])
    if b"\n" not in head[start:end]:
        return _NEXT_ON_LINE.match(head, end) is not None and _is_object(head[start:end])
    return _is_object(head[start:end])


def _is_object(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


def documents_in(blocks: Iterator[bytes], path: str, max_line_bytes: int, chunk_bytes: int) -> Iterator[Lines]:
    """The objects of a file, and as well whatever else stands between them, which is for the decoder to refuse.

    Raises UnreadableFileError for a file that ends within an object or an array, as one does that was cut.
    """
    number, left, arrays = 1, b"", 0
    for chunk in _gathered(blocks, chunk_bytes):
        content = left + chunk
        found = _scan(content)
        arrays += found.arrays
        if len(found.starts):
            numbers = np.arange(number, number + len(found.starts))
            yield Lines(found.content, numbers, found.starts, found.ends, found.ends - found.starts)
            number += len(found.starts)
        left = content[found.rest :]
        if found.is_broken or len(left) > max(max_line_bytes, chunk_bytes):
            most = max(max_line_bytes, chunk_bytes)
            raise UnreadableFileError(
                f"{path} has no whole JSON object of up to {most} bytes after its first {number - 1}; deliver it "
                "again, or raise ingest.max_line_bytes"
            )
    if left or arrays:
        within = "an object" if left else "an array"
        raise UnreadableFileError(
            f"{path} is JSON that ends within {within} after {number - 1} objects; deliver it again"
        )


def _gathered(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Blocks together, of at least `size` bytes each but the last; all that was read comes before a fault."""
    parts, found, fault = list[bytes](), 0, None
    while fault is None:
        try:
            block = next(blocks, b"")
        except READ_FAULTS as error:
            block, fault = b"", error
        parts.append(block)
        found += len(block)
        if found and (not block or found >= size):
            yield b"".join(parts)
            parts, found = [], 0
        if not block and fault is None:
            return
    raise fault


@dataclass(frozen=True)
class _Found:
    """What is in bytes that begin outside of objects.

    `starts` and `ends` of whole objects, and of other texts outside of them; `content` has these without line breaks.
    At `rest` begins what is not whole; `arrays` is how many more arrays are open than before.
    """

    content: bytes
    starts: Places
    ends: Places
    rest: int
    arrays: int
    is_broken: bool


def _scan(content: bytes) -> _Found:
    numbers = np.frombuffer(content, np.uint8)
    texts = _in_texts(content, numbers)
    steps = np.where(texts, 0, (numbers == ord("{")).astype(np.int8) - (numbers == ord("}")).astype(np.int8))
    depth = np.cumsum(steps, dtype=np.int32)
    below = np.flatnonzero(depth < 0)
    if len(below):
        whole = _scan(content[: below[0]])
        return _Found(whole.content, whole.starts, whole.ends, int(below[0]), whole.arrays, is_broken=True)
    starts = np.flatnonzero((steps == 1) & (depth == 1))
    ends = np.flatnonzero((steps == -1) & (depth == 0)) + 1
    outside = (depth == 0) & (steps == 0)
    others = np.flatnonzero(outside & ~(_BETWEEN[numbers] & ~texts))
    rest = int(starts[-1]) if len(starts) > len(ends) else len(content)
    starts = starts[: len(ends)]
    if len(others):
        starts, ends, rest = _with_others(starts, ends, rest, others, len(content))
    brackets = (numbers == ord("[")).astype(np.int8) - (numbers == ord("]")).astype(np.int8)
    arrays = int(brackets[:rest][(outside & ~texts)[:rest]].sum(dtype=np.int64))
    return _Found(_on_one_line(content, numbers, texts), starts, ends, rest, arrays, is_broken=False)


def _in_texts(content: bytes, numbers: np.ndarray) -> np.ndarray:
    """Which bytes are in a text; its first quote is, and its last is not."""
    quotes = places_of(content, numbers, b'"')
    if b"\\" in content and len(quotes):
        behind = quotes[numbers[np.maximum(quotes - 1, 0)] == ord("\\")]
        escaped = [place for place in behind.tolist() if _is_escaped(content, place)]
        quotes = np.setdiff1d(quotes, escaped, assume_unique=True)
    turns = np.zeros(len(content), np.int8)
    turns[quotes] = 1
    return (np.cumsum(turns, dtype=np.int32) & 1).astype(np.bool_)


def _is_escaped(content: bytes, place: int) -> bool:
    start = place
    while start and content[start - 1] == ord("\\"):
        start -= 1
    return (place - start) % 2 == 1


def _with_others(starts: Places, ends: Places, rest: int, others: Places, size: int) -> tuple[Places, Places, int]:
    """The objects and the texts between them, in order; a text at the end may go on."""
    gap = np.searchsorted(starts, others)
    first = np.flatnonzero(np.diff(gap, prepend=-1))
    last = np.append(first[1:], len(others)) - 1
    begins, stops = others[first], others[last] + 1
    if rest == size and gap[-1] == len(starts):
        rest, begins, stops = int(begins[-1]), begins[:-1], stops[:-1]
    order = np.argsort(np.concatenate([starts, begins]))
    return np.concatenate([starts, begins])[order], np.concatenate([ends, stops])[order], rest


def _on_one_line(content: bytes, numbers: np.ndarray, texts: np.ndarray) -> bytes:
    if b"\n" not in content and b"\r" not in content:
        return content
    breaks = ((numbers == ord("\n")) | (numbers == ord("\r"))) & ~texts
    return np.where(breaks, np.uint8(ord(" ")), numbers).tobytes()
