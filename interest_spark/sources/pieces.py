"""What one Spark task reads: several small files, or a piece of a large one that begins and ends with a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from interest_spark.config.encodings import breaks_lines_as_ascii
from interest_spark.config.source import TEXT_FORMATS, SourceConfig
from interest_spark.sources.csv_records import open_lines
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.dialect import Dialect
from interest_spark.sources.documents import PEEK_BYTES, holds_documents
from interest_spark.sources.packing import packing_of
from interest_spark.sources.raw_paths import open_raw
from interest_spark.sources.stripes import rows_by_stripe, stripes_between

if TYPE_CHECKING:
    from pyspark import SparkContext

_PIECE_BYTES = 64 << 20
_TASK_BYTES = 32 << 20
_LEAST_TASK_BYTES = 1 << 20
_TASK_FILES = 256
_READ_BYTES = 1 << 20

_Range = tuple[str, int, int, int]
"""A file, its bytes, and the places of the first byte and of the one after the last."""


@dataclass(frozen=True)
class Piece:
    """The lines of a file from place `start`, where line `first_line` begins, to before place `end` or to its end.

    `size`: the bytes of the file as it was listed, where that is known; `source`: which of several it is from.
    """

    day: str | None
    path: str
    start: int = 0
    end: int | None = None
    first_line: int = 1
    size: int | None = field(default=None, compare=False)
    source: int = 0


@dataclass(frozen=True)
class _Breaks:
    """The line breaks of a range: how many, and the place of the first one."""

    count: int
    first: int | None


def tasks_of(
    context: "SparkContext", deliveries: Sequence[Delivery], sources: Sequence[SourceConfig]
) -> list[list[Piece]]:
    """What each task is to read, in the order of the deliveries, of sources with the settings of their readers.

    A Spark job of its own counts the lines before each piece of a large file, where there is one.
    """
    large = [delivery for delivery in deliveries if delivery.size > _PIECE_BYTES]
    text = [(delivery, source) for delivery in large if _has_pieces(source := sources[delivery.source])]
    ranges = [(each, source) for delivery, source in text for each in _ranges(delivery)]
    # One small object a range comes back.
    found = context.parallelize(ranges, len(ranges)).map(_find_breaks).collect() if ranges else []
    breaks: dict[str, list[_Breaks | None]] = {}
    for ((path, *_), _source), each in zip(ranges, found, strict=True):
        breaks.setdefault(path, []).append(each)
    for delivery in large:
        if sources[delivery.source].format == "parquet":  # a piece has the row groups that begin in it, whose numbers
            breaks[delivery.path] = [_Breaks(0, start - 1) for _, _, start, _ in _ranges(delivery)]  # the file knows
    breaks |= _breaks_of_stripes(context, [each for each in large if sources[each.source].format == "orc"])
    sized = [each for delivery in deliveries for each in _sized_pieces(delivery, breaks.get(delivery.path, ()))]
    return list(_grouped(sized, context.defaultParallelism))


def _breaks_of_stripes(context: "SparkContext", files: Sequence[Delivery]) -> dict[str, list[_Breaks | None]]:
    """By path; a task a file reads one column of it."""
    if not files:
        return {}
    rows = context.parallelize(files, len(files)).map(lambda each: rows_by_stripe(each.path, each.size)).collect()
    return {each.path: stripe_breaks(each, found) for each, found in zip(files, rows, strict=True) if found}


def stripe_breaks(delivery: Delivery, rows: Sequence[int]) -> list[_Breaks | None]:
    """As if the rows of each stripe were lines of the range in which it begins.

    The first range counts one less: behind the break of a line the next but one begins.
    """
    return [
        _Breaks(sum(rows[each] for each in stripes_between(start, end, size, len(rows))) - (start == 0), start - 1)
        for _, size, start, end in _ranges(delivery)
    ]


def _ranges(delivery: Delivery) -> list[_Range]:
    starts = range(0, delivery.size, _PIECE_BYTES)
    return [(delivery.path, delivery.size, start, min(start + _PIECE_BYTES, delivery.size)) for start in starts]


def _has_pieces(source: SourceConfig) -> bool:
    """Whether a line of such text can be found from any place in it."""
    return source.format in TEXT_FORMATS and breaks_lines_as_ascii(source.encoding)


def _find_breaks(range_of_source: tuple[_Range, SourceConfig]) -> _Breaks | None:
    """None for a file that has no pieces.

    It is packed, or of JSON that has no lines, or may have line breaks within quotes, or it cannot be read, of which
    its reading will tell.
    """
    (path, size, start, end), source = range_of_source
    count, first = 0, None
    unclosed = _OpenLines(source, from_line_start=start == 0)
    try:
        with open_raw(path, size) as raw:
            if packing_of(raw) or _is_of_documents(raw, source):
                return None
            raw.seek(start)
            while start < end and (block := raw.read(min(_READ_BYTES, end - start))):
                if first is None and b"\n" in block:
                    first = start + block.index(b"\n")
                if unclosed.are_in(block):
                    return None
                count += block.count(b"\n")
                start += len(block)
    except OSError:
        return None
    return _Breaks(count, first)


def _is_of_documents(raw: Any, source: SourceConfig) -> bool:
    raw.seek(0)
    return source.format == "jsonl" and holds_documents(raw.read(PEEK_BYTES))


class _OpenLines:
    """Looks for lines of CSV with a quote that is not closed in them, in the blocks of a range.

    The range's first and last lines, unless they are whole, are left out: a record has two such lines, and is no
    longer than a range.
    """

    def __init__(self, source: SourceConfig, *, from_line_start: bool) -> None:
        self._dialect = Dialect.of(source) if source.format == "csv" else Dialect(quote=None)
        self._left = b"" if from_line_start else None

    def are_in(self, block: bytes) -> bool:
        """Whether one is among the lines that end in the block, which follows those before it."""
        if self._dialect.quote is None:
            return False
        content = (self._left or b"") + block
        start = 0 if self._left is not None else content.find(b"\n") + 1
        cut = content.rfind(b"\n") + 1
        if self._left is not None or cut:
            self._left = content[cut:]
        lines = content[start:cut]
        if self._dialect.quote.encode() not in lines:
            return False
        ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n"))
        return len(open_lines(lines, np.append(0, ends[:-1] + 1), ends, self._dialect)) > 0


def _sized_pieces(delivery: Delivery, breaks: Sequence[_Breaks | None]) -> list[tuple[Piece, int]]:
    """The pieces of a file, each with its bytes: the first line that begins in a range begins a piece."""
    known = [each for each in breaks if each is not None]
    begins, lines = [(0, 1)], 0
    if known and len(known) == len(breaks):
        for place, each in enumerate(known):
            if place and each.first is not None:
                begins.append((each.first + 1, lines + 2))
            lines += each.count
    bounds = [start for start, _ in begins]
    ends = [*bounds[1:], None]
    sizes = [end - start for start, end in pairwise([*bounds, max(delivery.size, bounds[-1])])]
    pieces = [
        Piece(delivery.day, delivery.path, start, end, first_line, delivery.size, delivery.source)
        for (start, first_line), end in zip(begins, ends, strict=True)
    ]
    return list(zip(pieces, sizes, strict=True))


def _grouped(sized: Sequence[tuple[Piece, int]], parallelism: int) -> Iterator[list[Piece]]:
    """Neighbours together up to a task's bytes and files; a small delivery still has work for every core."""
    share = sum(size for _, size in sized) // max(parallelism, 1)
    most = min(_TASK_BYTES, max(_LEAST_TASK_BYTES, share))
    group: list[Piece] = []
    total = 0
    for piece, size in sized:
        if group and (total + size > most or len(group) == _TASK_FILES):
            yield group
            group, total = [], 0
        group.append(piece)
        total += size
    if group:
        yield group
