"""Canonical text columns to typed ones, with the rows that each rule refuses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from interest_spark.config.mapping import ANY_OTHER, IGNORE
from interest_spark.config.source import SourceConfig
from interest_spark.config.sources import LISTS
from interest_spark.schemas.tables import TABLES
from interest_spark.sources.instants import LAST_INSTANT, to_instant, to_known_since
from interest_spark.sources.values import to_number

Masks = Sequence[tuple[str, pl.Series]]


@dataclass(frozen=True)
class Typed:
    """Typed `rows`; the `problems` for which some are refused, by reason; the columns whose values are `unread`, which
    are null then; and the rows that are `ignored`, None for none.
    """

    rows: pl.DataFrame
    problems: Masks
    unread: Masks
    ignored: pl.Series | None = None


TypingRule = Callable[[pl.DataFrame, SourceConfig], Typed]

OLDEST_AGE = 150
ATTRIBUTE_PREFIX = "attribute "
TIME_OFFSET = "time offset"

_MICROSECONDS = {
    **{"days": 86_400_000_000, "hours": 3_600_000_000, "minutes": 60_000_000, "seconds": 1_000_000},
    **{"milliseconds": 1_000, "microseconds": 1},
}
_LARGEST_OFFSET = 10**17  # microseconds: three thousand years


def type_event(text: pl.DataFrame, source: SourceConfig) -> Typed:
    """Columns of `events` except the line's place; numbers must be finite, prices and quantities not negative."""
    numbers = _Numbers(text, source)
    behavior = _behaviors(text["behavior"], source)
    typed = _own_columns(text, "events").with_columns(
        behavior,
        _instants(text, "event_time", source),
        numbers.read("quantity", to_number(text["quantity"]), negative_is_bad=True),
        numbers.read("price", to_number(text["price"]), at_least=0),
        numbers.read("rating", to_number(text["rating"])),
    )
    ignored = behavior == IGNORE if IGNORE in source.behaviors.values() else None
    problems = [
        ("missing_user", text["user_id"].is_null()),
        ("missing_item", text["item_id"].is_null() & ~behavior.is_in(source.without_item).fill_null(value=False)),
        ("missing_behavior", text["behavior"].is_null()),
        ("unknown_behavior", behavior.is_null()),
        ("missing_time", text["event_time"].is_null()),
        ("bad_time", typed["event_time"].is_null()),
    ]
    return Typed(typed, [*problems, *numbers.problems], numbers.unread, ignored)


def type_item(text: pl.DataFrame, source: SourceConfig) -> Typed:
    """Columns of `items`."""
    numbers, (common, problems) = _Numbers(text, source), _common_columns(text, source)
    price = numbers.read("price", to_number(text["price"]), at_least=0)
    typed = _own_columns(text, "items").with_columns(*common, price)
    return Typed(typed, [("missing_item", text["item_id"].is_null()), *problems, *numbers.problems], numbers.unread)


def type_user(text: pl.DataFrame, source: SourceConfig) -> Typed:
    """Columns of `users`."""
    numbers, (common, problems) = _Numbers(text, source), _common_columns(text, source)
    age = numbers.read("age", to_number(text["age"]).cast(pl.Int32, strict=False), at_least=0, at_most=OLDEST_AGE)
    typed = _own_columns(text, "users").with_columns(*common, age)
    return Typed(typed, [("missing_user", text["user_id"].is_null()), *problems, *numbers.problems], numbers.unread)


def type_campaign(text: pl.DataFrame, source: SourceConfig) -> Typed:
    """Columns of `campaigns`. Which arm a customer was in must be said: one left out would count as untreated."""
    typed = _own_columns(text, "campaigns").with_columns(_instants(text, "sent_at", source))
    problems = [
        ("missing_user", text["user_id"].is_null()),
        ("missing_campaign", text["campaign"].is_null()),
        ("missing_coupon", text["coupon"].is_null()),
        ("missing_time", text["sent_at"].is_null()),
        ("bad_time", typed["sent_at"].is_null()),
    ]
    return Typed(typed, problems, [])


def type_listed(text: pl.DataFrame, source: SourceConfig) -> Typed:
    """Columns of `opt_outs`, `consents` and `seeds`; a list of seeds without a name is called that."""
    (_, known), problems = _common_columns(text, source)
    typed = _own_columns(text, "seeds").with_columns(known)
    if "list" in typed.columns:
        typed = typed.with_columns(pl.col("list").fill_null("seeds"))
    return Typed(typed, [("missing_user", text["user_id"].is_null()), *problems], [])


class _Numbers:
    """Reads columns of numbers: where there is text, but no value that is allowed, a strict column refuses the row."""

    def __init__(self, text: pl.DataFrame, source: SourceConfig) -> None:
        self._text, self._source = text, source
        self.problems: list[tuple[str, pl.Series]] = []
        self.unread: list[tuple[str, pl.Series]] = []

    def read(
        self,
        name: str,
        value: pl.Series,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        negative_is_bad: bool = False,
    ) -> pl.Series:
        """The values, null where none is allowed. A negative quantity left out would make a return a purchase."""
        negative = (value < 0).fill_null(value=False)
        allowed = value.is_not_null()
        if at_least is not None:
            allowed &= (value >= at_least).fill_null(value=False)
        if at_most is not None:
            allowed &= (value <= at_most).fill_null(value=False)
        bad = self._text[name].is_not_null() & ~allowed
        if name in self._source.strict:
            self.problems.append((f"bad_{name}", bad | negative if negative_is_bad else bad))
            return value
        if negative_is_bad:
            self.problems.append((f"bad_{name}", negative))
        if not bad.any():
            return value
        self.unread.append((name, bad))
        return value.set(bad, None)


def _behaviors(text: pl.Series, source: SourceConfig) -> pl.Series:
    words = source.words
    other = words.pop(ANY_OTHER, None)
    found = text.replace_strict(words, default=other, return_dtype=pl.String)
    return found if other is None else found.set(text.is_null(), None)


def _instants(text: pl.DataFrame, name: str, source: SourceConfig) -> pl.Series:
    """Times as the source writes them, null where there is none."""
    written, time_format = text[name], source.time_format
    if source.time_year is not None:
        written, time_format = f"{source.time_year} " + written, f"yyyy {time_format}"
    instants = to_instant(written, time_format, source.time_zone)
    if source.time_offset is None:
        return instants.alias(name)
    offset = to_number(text[TIME_OFFSET]) * _MICROSECONDS[source.time_offset.unit]
    micros = offset.clip(-_LARGEST_OFFSET, _LARGEST_OFFSET).round().cast(pl.Int64)
    return (instants.cast(pl.Int64) + micros).cast(instants.dtype).alias(name)


TYPING_RULES: dict[str, TypingRule] = {
    "events": type_event,
    "items": type_item,
    "users": type_user,
    "campaigns": type_campaign,
    **dict.fromkeys(LISTS, type_listed),
}


def _own_columns(text: pl.DataFrame, table: str) -> pl.DataFrame:
    return text.select(name for name in TABLES[table].names if name in text.columns)


def _common_columns(text: pl.DataFrame, source: SourceConfig) -> tuple[list[pl.Series], Masks]:
    """Attributes and times of update, and the rows whose time would be a guess."""
    written = text["updated_at"]
    instants = _instants(text, "updated_at", source)
    known, is_none = to_known_since(written, instants)
    beyond = (instants == LAST_INSTANT).fill_null(value=False)
    problems = [("bad_time", is_none), ("time_out_of_range", beyond)]
    return [_attributes(text, source), known.alias("updated_at")], problems


def _attributes(text: pl.DataFrame, source: SourceConfig) -> pl.Series:
    """Those that a line has, as Arrow has maps: lists of `key` and `value`, by name; null where none is configured."""
    kind = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
    if not source.attributes:
        return pl.Series("attributes", [None], kind).new_from_index(0, len(text))
    pairs = [pl.struct(key=pl.lit(name), value=pl.col(ATTRIBUTE_PREFIX + name)) for name in sorted(source.attributes)]
    present = pl.concat_list(pairs).list.filter(pl.element().struct.field("value").is_not_null())
    return text.select(present.alias("attributes")).to_series()
