"""Text to typed values, whole columns at a time; text that is no such value becomes null."""

import polars as pl

# A line end at the end of the text counts as little in Java's expressions as it does here.
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:\r\n|[\n\r])?$"


def blank_to_null(text: pl.Expr) -> pl.Expr:
    """Text without its surrounding spaces; nothing left means no value."""
    trimmed = text.str.strip_chars(" ")
    return pl.when(trimmed != "").then(trimmed)


def to_number(text: pl.Series) -> pl.Series:
    """Finite doubles, else null: `NaN`, `Infinity` and `1e400` are no numbers here."""
    numbers = text.set(~text.str.contains(_NUMBER), None).str.strip_chars_end("\r\n").cast(pl.Float64)
    return numbers.set(~numbers.is_finite(), None)
