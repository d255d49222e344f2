"""The first lines of a delivery, as texts, and what is found out about their file: encoding, format, separator."""

import codecs
import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from interest_spark.config.encodings import UTF_8
from interest_spark.sources.chunks import read_lines
from interest_spark.sources.columnar import first_rows, table_format_of
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.faults import UnreadableFileError
from interest_spark.sources.pieces import Piece
from interest_spark.sources.raw_paths import open_raw

MOST_LINES = 1_000
_ENCODINGS = ("utf-8-sig", "gb18030", "latin-1")
_SEPARATORS = ("\t", ";", "|", ",", "::")  # of several that fit alike the first one: commas stand in numbers
_MOST_LINES_AGREE = 0.8  # texts with line breaks spoil some
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Head:
    """Up to MOST_LINES `lines` of a file, in what seems to be its `encoding`.

    Of a `table`, parquet or orc, they are its rows as JSON.
    """

    path: str
    lines: Sequence[str]
    encoding: str
    table: str | None = None

    @property
    def is_json(self) -> bool:
        """Whether most lines are JSON objects."""
        return sum(map(_is_object, self.filled)) * 2 > len(self.filled)

    @property
    def filled(self) -> Sequence[str]:
        """The lines that hold anything."""
        return [line for line in self.lines if line.strip()]


def read_head(delivery: Delivery, max_line_bytes: int) -> Head:
    """The first lines of a delivered file. Raises UnreadableFileError where not one can be read."""
    if table := table_format_of(delivery.path, delivery.size):
        piece = Piece(None, delivery.path, size=delivery.size)
        return Head(delivery.path, first_rows(piece, table, MOST_LINES), "utf-8", table)
    with open_raw(delivery.path, delivery.size) as raw:
        wide = "utf-16" if raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else None
    found: list[bytes] = []
    try:
        for part in read_lines(
            Piece(None, delivery.path, size=delivery.size), max_line_bytes, _CHUNK_BYTES, wide or UTF_8
        ):
            each = (part.line(place, max_line_bytes).content for place in range(len(part)))
            found += islice(each, MOST_LINES - len(found))
            if len(found) >= MOST_LINES:
                break
    except UnreadableFileError:
        if not found:
            raise
    encoding = next(each for each in _ENCODINGS if _decodes(found, each))
    return Head(delivery.path, [line.decode(encoding) for line in found], wide or encoding.removesuffix("-sig"))


def separator_of(lines: Sequence[str]) -> str:
    """What most lines have, and equally often: of several the one that gives more cells. Spaces also stand in texts."""
    looked_at = lines[:100]

    def agreement(separator: str) -> tuple[int, int]:
        counts = Counter(len(cells_of(line, separator)) for line in looked_at)
        cells, times = counts.most_common(1)[0] if counts else (1, 0)
        return (times if cells > 1 else 0, cells)

    best = max(_SEPARATORS, key=agreement)
    is_sure = agreement(best)[0] >= _MOST_LINES_AGREE * len(looked_at)
    return best if is_sure else max((best, " "), key=agreement)


def cells_of(line: str, separator: str) -> Sequence[str]:
    """The cells of one line of CSV; without regard to quotes where these are broken or the separator is longer."""
    try:
        return next(csv.reader([line], delimiter=separator), []) if len(separator) == 1 else line.split(separator)
    except csv.Error:
        return line.split(separator)


def has_header(lines: Sequence[str], separator: str) -> bool:
    """Whether the first line names columns: distinct words, none of them a number, that hardly come again below."""
    first = [cell.strip() for cell in cells_of(lines[0], separator)] if lines else []
    below = {cell.strip() for line in lines[1:50] for cell in cells_of(line, separator)}
    named = all(cell and not cell[0].isdigit() and cell[0] not in "-+." for cell in first)
    return bool(first) and named and len({*first}) == len(first) and len(below & {*first}) * 2 < len(first)


def _decodes(lines: Sequence[bytes], encoding: str) -> bool:
    try:
        for line in lines:
            line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
