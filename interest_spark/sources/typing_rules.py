"""Canonical text columns to typed ones, with the rows that each rule refuses."""

from collections.abc import Callable, Sequence

import polars as pl

from interest_spark.config.sources import SourceConfig
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.tables import TABLES
from interest_spark.sources.instants import to_instant, to_known_since
from interest_spark.sources.values import to_number

Problems = Sequence[tuple[str, pl.Series]]
TypingRule = Callable[[pl.DataFrame, SourceConfig], tuple[pl.DataFrame, Problems]]

OLDEST_AGE = 150
ATTRIBUTE_PREFIX = "attribute "


def type_event(text: pl.DataFrame, source: SourceConfig) -> tuple[pl.DataFrame, Problems]:
    """Columns of `events` except the line's place; numbers must be finite, prices and quantities not negative."""
    words = source.behaviors or dict(zip(BEHAVIORS, BEHAVIORS, strict=True))
    typed = _own_columns(text, "events").with_columns(
        text["behavior"].replace_strict(words, default=None, return_dtype=pl.String),
        to_instant(text["event_time"], source.time_format, source.time_zone).alias("event_time"),
        *(to_number(text[name]) for name in ("quantity", "price", "rating")),
    )
    return typed, [
        ("missing_user", text["user_id"].is_null()),
        ("missing_item", text["item_id"].is_null()),
        ("missing_behavior", text["behavior"].is_null()),
        ("unknown_behavior", typed["behavior"].is_null()),
        ("missing_time", text["event_time"].is_null()),
        ("bad_time", typed["event_time"].is_null()),
        ("bad_quantity", _is_bad(text["quantity"], typed["quantity"], typed["quantity"] >= 0)),
        ("bad_price", _is_bad(text["price"], typed["price"], typed["price"] >= 0)),
        ("bad_rating", _is_bad(text["rating"], typed["rating"])),
    ]


def type_item(text: pl.DataFrame, source: SourceConfig) -> tuple[pl.DataFrame, Problems]:
    """Columns of `items`."""
    typed = _own_columns(text, "items").with_columns(*_common_columns(text, source), to_number(text["price"]))
    return typed, [
        ("missing_item", text["item_id"].is_null()),
        ("bad_price", _is_bad(text["price"], typed["price"], typed["price"] >= 0)),
    ]


def type_user(text: pl.DataFrame, source: SourceConfig) -> tuple[pl.DataFrame, Problems]:
    """Columns of `users`."""
    age = to_number(text["age"]).cast(pl.Int32, strict=False)
    typed = _own_columns(text, "users").with_columns(*_common_columns(text, source), age)
    return typed, [
        ("missing_user", text["user_id"].is_null()),
        ("bad_age", _is_bad(text["age"], age, age.is_between(0, OLDEST_AGE))),
    ]


TYPING_RULES: dict[str, TypingRule] = {"events": type_event, "items": type_item, "users": type_user}


def _own_columns(text: pl.DataFrame, table: str) -> pl.DataFrame:
    return text.select(name for name in TABLES[table].names if name in text.columns)


def _is_bad(text: pl.Series, value: pl.Series, allowed: pl.Series | None = None) -> pl.Series:
    """There is text, but no value or one that is not allowed."""
    return text.is_not_null() & (value.is_null() if allowed is None else ~allowed.fill_null(value=False))


def _common_columns(text: pl.DataFrame, source: SourceConfig) -> list[pl.Series]:
    updated_at = to_known_since(text["updated_at"], source.time_format, source.time_zone)
    return [_attributes(text, source), updated_at.alias("updated_at")]


def _attributes(text: pl.DataFrame, source: SourceConfig) -> pl.Series:
    """Those that a line has, as Arrow has maps: lists of `key` and `value`, by name; null where none is configured."""
    kind = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
    if not source.attributes:
        return pl.Series("attributes", [None], kind).new_from_index(0, len(text))
    pairs = [pl.struct(key=pl.lit(name), value=pl.col(ATTRIBUTE_PREFIX + name)) for name in sorted(source.attributes)]
    present = pl.concat_list(pairs).list.filter(pl.element().struct.field("value").is_not_null())
    return text.select(present.alias("attributes")).to_series()
