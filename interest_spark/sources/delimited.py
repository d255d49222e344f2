"""CSV records to columns of text: cells by the places of all separators at once, for lines without a quote."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from interest_spark.sources.candidates import Admitted, Candidates, Format
from interest_spark.sources.dialect import Dialect, csv_decoder
from interest_spark.sources.lines import Places, places_of
from interest_spark.sources.texts import texts

_WHITE_SPACE = np.frombuffer(b" \t\n\r\x0b\x0c", np.uint8)


class Delimited(Format):
    """Cells between separators, named by a header; fields that it lacks are null."""

    def __init__(self, header: Sequence[str], fields: Sequence[str], dialect: Dialect) -> None:
        self._separator = dialect.separator.encode("utf-8", errors="replace")
        self._cells = len(header)
        self._wanted = [header.index(field) if field in header else None for field in fields]
        self._left = [sign.encode() for sign in (dialect.quote, dialect.escape, "\0") if sign]
        self.decode = csv_decoder(header, fields, dialect)

    def admit(self, lines: Candidates) -> Admitted:
        """Lines with text and the header's number of cells, without quotes, escapes and NULs."""
        content = np.frombuffer(lines.content, np.uint8)
        separators = places_of(lines.content, content, self._separator)
        first = np.searchsorted(separators, lines.starts)
        plain = np.searchsorted(separators, lines.ends) - first == self._cells - 1
        for sign in self._left:
            plain &= ~_holds(lines, places_of(lines.content, content, sign))
        if len(self._separator) > 1:
            plain &= ~_holds(lines, separators[:-1][np.diff(separators) < len(self._separator)])
        plain &= ~_begins_blank(lines, content)
        places = np.flatnonzero(plain)
        return Admitted(places, [self._column(lines, separators, first, places, cell) for cell in self._wanted])

    def _column(
        self, lines: Candidates, separators: Places, first: Places, places: Places, cell: int | None
    ) -> pl.Series:
        if cell is None:
            return pl.Series([None], dtype=pl.String).new_from_index(0, len(places))
        before = first[places] + cell - 1  # of the separator before the cell, where there is one
        starts = lines.starts[places] if cell == 0 else separators[before] + len(self._separator)
        ends = lines.ends[places] if cell == self._cells - 1 else separators[before + 1]
        return texts(lines.content, starts, ends)


def _holds(lines: Candidates, found: Places) -> np.ndarray:
    """The lines that have one of the places found."""
    if not len(found):
        return np.zeros(len(lines), np.bool_)
    return np.searchsorted(found, lines.starts) != np.searchsorted(found, lines.ends)


def _begins_blank(lines: Candidates, content: np.ndarray) -> np.ndarray:
    """The lines that begin with white space, or hold nothing: they may be empty ones."""
    blank = lines.starts == lines.ends
    blank[~blank] = np.isin(content[lines.starts[~blank]], _WHITE_SPACE)
    return blank
