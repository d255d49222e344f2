"""Permanent numbers: given once, in an order that follows from the data, on from the largest that was ever given."""

import polars as pl


def number_on(new: pl.DataFrame, given: pl.DataFrame, column: str, first: int, order: tuple[str, ...]) -> pl.DataFrame:
    """`new` with the int32 `column`, in `order` on from the largest of `given`, from `first` where that is empty."""
    largest = given[column].max()
    last = first - 1 if largest is None else largest
    numbers = (pl.int_range(1, pl.len() + 1) + last).cast(pl.Int32)
    return new.sort(*order).with_columns(numbers.alias(column))
