"""Which lines are copies: of an earlier line, or of an event that is committed already."""

from collections.abc import Sequence

import polars as pl


def mark_duplicates(rows: pl.DataFrame, known: pl.DataFrame, keys: Sequence[str]) -> pl.Series:
    """Whether each row is a copy: of one before it, or of a `known` one. Nulls in `keys` equal each other."""
    every = pl.concat([known.select(keys), rows.select(keys)]).select(_comparable(known, key) for key in keys)
    # Nearly all rows are told apart by a hash, so that few are compared whole.
    alike = every.select(hash_of(every, keys))["hash"].is_duplicated()
    copy = every.filter(alike).select(~pl.struct(keys).is_first_distinct()).to_series()
    marked = pl.repeat(value=False, n=len(every), eager=True).scatter(alike.arg_true(), copy)
    return marked.slice(len(known))


def hash_of(rows: pl.DataFrame, keys: Sequence[str]) -> pl.Expr:
    """A column `hash` that is equal in rows whose `keys` are, in every process."""
    hashes = [_comparable(rows, key).hash(seed=place) for place, key in enumerate(keys)]
    return pl.sum_horizontal(hashes).alias("hash")


def _comparable(rows: pl.DataFrame, key: str) -> pl.Expr:
    """0.0 and -0.0 are equal, but not their bits."""
    return pl.col(key) + 0.0 if rows.schema[key].is_float() else pl.col(key)
