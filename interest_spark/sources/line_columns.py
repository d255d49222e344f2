"""Numbered lines to columns: raw text, reason and fields of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from polars.exceptions import ComputeError

from interest_spark.sources.candidates import Candidates, Format
from interest_spark.sources.lines import Lines, Places
from interest_spark.sources.records import BOM, RefusedLineError, readable, text_of
from interest_spark.sources.texts import binaries


@dataclass(frozen=True)
class LineColumns:
    """As many values a column as there are lines; `raw` is the text of every line, `reason` only of a refused one."""

    raw: pl.Series
    reason: pl.Series
    fields: Sequence[pl.Series]


def decode_lines(lines: Lines, line_format: Format, field_count: int, max_line_bytes: int) -> LineColumns:
    """Decode the lines: at once what the format admits, the others one by one."""
    places, candidates = _candidates(lines, max_line_bytes)
    admitted = line_format.admit(candidates)
    at_once = places[admitted.places]
    raw = candidates.texts if len(at_once) == len(places) else candidates.texts.gather(admitted.places)
    no_reason = pl.Series([None], dtype=pl.String).new_from_index(0, len(at_once))
    columns = [raw, no_reason, *admitted.columns]
    others = np.setdiff1d(np.arange(len(lines)), at_once, assume_unique=True)
    if len(others):
        order = np.argsort(np.concatenate([at_once, others]))
        exact = _one_by_one(lines, others, line_format, field_count, max_line_bytes)
        columns = [pl.concat(pair).gather(order) for pair in zip(columns, exact, strict=True)]
    return LineColumns(columns[0], columns[1], columns[2:])


def _candidates(lines: Lines, max_line_bytes: int) -> tuple[Places, Candidates]:
    """The places of the lines that may be decoded at once, and these: not too long, and valid UTF-8."""
    chosen = lines.lengths <= max_line_bytes
    if len(lines) and lines.numbers[0] == 1 and lines.content.startswith(BOM):
        chosen[0] = False
    ends = lines.text_ends()
    try:
        return _choose(lines, ends, chosen)
    except ComputeError:  # somewhere in the lines are bytes that are no UTF-8
        chosen &= [_is_utf8(lines.content[start:end]) for start, end in zip(lines.starts, ends, strict=True)]
        return _choose(lines, ends, chosen)


def _choose(lines: Lines, ends: Places, chosen: np.ndarray) -> tuple[Places, Candidates]:
    places = np.flatnonzero(chosen)
    starts, ends = lines.starts[places], ends[places]
    texts = binaries(lines.content, starts, ends).cast(pl.String)
    return places, Candidates(lines.content, starts, ends, texts)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _one_by_one(
    lines: Lines, places: Places, line_format: Format, field_count: int, max_line_bytes: int
) -> list[pl.Series]:
    nothing: Sequence[str | None] = [None] * field_count
    rows: list[tuple[str | None, ...]] = []
    for place in places.tolist():
        line = lines.line(place, max_line_bytes)
        try:
            text = text_of(line, max_line_bytes)
            rows.append((text, None, *line_format.decode(text)))
        except RefusedLineError as refusal:
            rows.append((readable(line), str(refusal), *nothing))
    return [pl.Series(values, dtype=pl.String) for values in zip(*rows, strict=True)]
