"""Lines with many events: a row for each element of a field, with what its line says beside it.

A line without elements stays one row, so that it is accounted for. The first row of a line has all of its raw text, the
further ones that of their element, or quarantine could grow with the square of a line's length.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from interest_spark.config.mapping import Explode
from interest_spark.sources.records import (
    RefusedLineError,
    as_text,
    parsed,
    reach,
    refuse_bad_characters,
)

_MOST_BYTES = 32 << 20
"""Of what the rows of one line may repeat."""


def explode_rows(rows: pl.DataFrame, explode: Explode, fields: Sequence[str], inner: Sequence[str]) -> pl.DataFrame:
    """The rows of read_piece for `fields`, with a row an element, numbered by `element` from 0.

    Instead of the exploded field there are `inner_0`, `inner_1`, … for the `inner` fields, as they are mapped.
    """
    column = f"field_{fields.index(explode.field)}"
    ways = [each.removeprefix(explode.field).removeprefix(".") for each in inner]
    beside = rows.select(pl.sum_horizontal(pl.lit(0), *_sizes(rows, column))).to_series()
    found = [
        _rows_of(text, explode, ways, size) if reason is None and text is not None else ()
        for text, reason, size in zip(rows[column], rows["reason"], beside, strict=True)
    ]
    counts = np.array([max(len(each), 1) for each in found], np.int64)
    line = np.repeat(np.arange(len(rows)), counts)
    element = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    empty: Sequence[_Row] = [(None, None, *[None] * len(ways))]
    names = ("element_raw", "element_reason", *(f"inner_{place}" for place in range(len(ways))))
    schema = dict.fromkeys(names, pl.String)
    values = pl.DataFrame([row for each in found for row in each or empty], schema, orient="row")
    exploded = rows.drop(column)[line].with_columns(*values, element=pl.Series(element.astype(np.uint32)))
    return exploded.with_columns(
        raw=pl.when(pl.col("element") > 0).then("element_raw").otherwise("raw"),
        reason=pl.coalesce("reason", "element_reason"),
    ).drop("element_raw", "element_reason")


_Row = tuple[str | None, ...]
"""The raw text of an element, why it is refused, and its fields."""


def _rows_of(text: str, explode: Explode, ways: Sequence[str], beside: int) -> Sequence[_Row]:
    """A row an element; of a text that cannot be read one that says why."""
    try:
        elements = _elements_of(text, explode)
        if len(elements) * beside > _MOST_BYTES:
            raise RefusedLineError("line_too_long")
    except RefusedLineError as refusal:
        return [(None, str(refusal), *[None] * len(ways))]
    return [_row(element, ways) for element in elements]


def _row(element: object, ways: Sequence[str]) -> _Row:
    try:
        raw = as_text(element)
        values = [as_text(reach(element, way) if way else element) for way in ways]
        refuse_bad_characters([raw, *values])
    except RefusedLineError as refusal:
        return (None, str(refusal), *[None] * len(ways))
    return (raw, None, *values)


def _elements_of(text: str, explode: Explode) -> Sequence[object]:
    """A list's, a single object as the only one, or the words between separators."""
    if explode.separator is not None:
        words = [word for each in text.split(explode.separator) if (word := each.strip())]
        return words if explode.parts is None else [_parts(word, explode.parts) for word in words]
    if not text.strip():
        return ()
    try:
        value = parsed(text)
    except ValueError:
        raise RefusedLineError("not_json") from None
    return value if isinstance(value, list) else [value] if isinstance(value, dict) else ()


def _parts(word: str, separator: str) -> dict[str, str]:
    """Before and after the last separator: ids may hold it, too."""
    before, found, after = word.rpartition(separator)
    return {"0": before, "1": after} if found else {"0": word}


def _sizes(rows: pl.DataFrame, exploded: str) -> list[pl.Expr]:
    fields = (name for name in rows.columns if name.startswith("field_") and name != exploded)
    return [pl.col(name).str.len_bytes().cast(pl.Int64).fill_null(0) for name in fields]
