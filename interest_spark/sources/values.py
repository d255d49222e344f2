"""Text to typed values, whole columns at a time; text that is no such value becomes null."""

from collections.abc import Sequence

import polars as pl

# A line end at the end of the text counts as little in Java's expressions as it does here.
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:\r\n|[\n\r])?$"


_NO_SPACE_BUT_NOT_SEEN = "\u200b\u200c\u200d\u2060\ufeff"  # of width zero: Unicode does not count them as white space
_SPACES = "".join(map(chr, (*range(9, 14), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)))) + (
    "\u2028\u2029\u202f\u205f\u3000" + _NO_SPACE_BUT_NOT_SEEN
)


def to_value(text: pl.Expr, nulls: Sequence[str]) -> pl.Expr:
    """Text without the white space around it; nothing left, and what is written for nothing, means no value."""
    trimmed = text.str.strip_chars(_SPACES)
    return pl.when(~trimmed.is_in(["", *nulls])).then(trimmed)


def whole_number(text: pl.Expr) -> pl.Expr:
    """Of a number the text without a fraction of zeros, as tables with missing numbers write ids: 123.0 is 123."""
    return text.str.replace(r"^([0-9]+)\.0+$", "$1")


def to_number(text: pl.Series) -> pl.Series:
    """Finite doubles, else null: `NaN`, `Infinity` and `1e400` are no numbers here."""
    numbers = text.set(~text.str.contains(_NUMBER), None).str.strip_chars_end("\r\n").cast(pl.Float64)
    return numbers.set(~numbers.is_finite(), None)
