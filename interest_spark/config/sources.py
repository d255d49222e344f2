"""The section `sources` of the configuration: where raw logs lie and what their fields mean."""

import glob
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter, field_validator, model_validator

from interest_spark.config.day_path import DayPath
from interest_spark.config.encodings import UTF_8, EncodingName
from interest_spark.config.mapping import (
    ANY_OTHER,
    IGNORE,
    Case,
    ColumnFields,
    ExplodedField,
    StrictNumbers,
    TimeOffset,
    Where,
    fields_of,
)
from interest_spark.config.names import ZoneName, choice_of, known_name, nearest
from interest_spark.config.section import Section
from interest_spark.config.time_pattern import Field as PatternField
from interest_spark.config.time_pattern import likely_pattern, parse_pattern
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.tables import TABLES

READERS = ("mapped", "online_retail", "taobao", "movielens", "amazon_reviews", "gowalla")
"""The raw formats. A further one is its name here, and a file `sources/<name>.py` whose `READER` knows the format."""

PLAIN_TIMES = ("iso", "unix_s", "unix_ms", "unix_us", "unix_ns")
"""The values of `time_format` that are no pattern."""


TEXT_FORMATS = ("jsonl", "csv")
"""The values of `format` for files of lines."""

NO_QUOTE = "none"
"""The value of `quote` for logs in which a quote is a character like any other."""

DATABASE_NULL, SQL_NULLS = "\\N", ("NULL", "null")
NULLS = (DATABASE_NULL, *SQL_NULLS, "None", "none", "NaN", "nan", "nil", "undefined", "(null)")
"""What logs hold where there is nothing: as Hive and MySQL, SQL, Python, pandas, Go and JavaScript write it."""

_MEANT = {
    **dict.fromkeys(("user", "uid", "customer", "customer_id", "visitor_id", "member_id"), "user_id"),
    **dict.fromkeys(("item", "sku", "product", "product_id", "goods_id", "article_id"), "item_id"),
    **dict.fromkeys(("event", "action", "event_type", "event_name"), "behavior"),
    **dict.fromkeys(("time", "timestamp", "ts", "date", "datetime"), "event_time"),
    **dict.fromkeys(("amount", "qty", "count"), "quantity"),
    **dict.fromkeys(("session", "visit_id"), "session_id"),
    **dict.fromkeys(("name", "item_name"), "title"),
}
"""Columns by words that other systems have for them, where the spelling does not tell."""


def _meant(name: str, known: Iterable[str]) -> str:
    guess = nearest(name, known)
    return f"; did you mean {guess!r}?" if guess else ""


class SourceConfig(Section):
    """Where raw lines of one kind lie and what their fields mean.

    `path` is a glob; `{day}` in it, or what else `DayPath` knows, stands for the day a delivery belongs to. Without it
    the files are one delivery of the whole history and every event belongs to the day of its own time.
    """

    path: str
    reader: str = "mapped"
    format: Literal["jsonl", "csv", "parquet", "orc"] = "jsonl"
    encoding: EncodingName = UTF_8
    separator: str = Field(default=",", min_length=1, max_length=10)
    quote: str = '"'
    escape: str | None = Field(default=None, min_length=1, max_length=1)
    comment: str | None = Field(default=None, min_length=1, max_length=10)
    header: tuple[str, ...] | None = None
    columns: dict[str, ColumnFields] = Field(default={})
    attributes: dict[str, str] = Field(default={})
    constants: dict[str, str] = Field(default={})
    behaviors: dict[str, str] = Field(default={})
    time_format: str = "iso"
    time_zone: ZoneName = "UTC"
    delivery_zone: ZoneName | None = None
    nulls: tuple[str, ...] = NULLS
    whole_numbers: tuple[str, ...] = ()
    where: Where = Field(default={})
    cases: tuple[Case, ...] = ()
    explode: ExplodedField | None = None
    without_item: Annotated[tuple[str, ...], AfterValidator(choice_of("behavior", BEHAVIORS))] = ("search",)
    strict: StrictNumbers = ()
    time_year: int | None = Field(default=None, ge=1970, le=2099)
    time_offset: TimeOffset | None = None

    @field_validator("path")
    @classmethod
    def _known_places(cls, path: str) -> str:
        DayPath(path).check()
        return path

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, reader: str) -> str:
        return known_name("reader", reader, READERS)

    @field_validator("quote")
    @classmethod
    def _one_character(cls, quote: str) -> str:
        if quote != NO_QUOTE and (len(quote) != 1 or not quote.isascii()):
            raise ValueError(f"{quote!r} is no quote; write one character, or {NO_QUOTE} where nothing is quoted")
        return quote

    @field_validator("escape")
    @classmethod
    def _ascii(cls, escape: str | None) -> str | None:
        if escape is not None and not escape.isascii():
            raise ValueError(f"{escape!r} is no escape; write one character of ASCII, usually a backslash")
        return escape

    @model_validator(mode="after")
    def _apart(self) -> "SourceConfig":
        signs = [sign for sign in (self.separator, self.quote, self.escape) if sign]
        if self.escape and len({*signs}) < len(signs):
            raise ValueError(
                f"separator, quote and escape are {', '.join(map(repr, signs))}, and must differ; without an escape a "
                "quote within quotes is written twice"
            )
        return self

    @model_validator(mode="after")
    def _cut_somewhere(self) -> "SourceConfig":
        if self.delivery_zone and not self.by_day:
            raise ValueError("delivery_zone says where days of deliveries end, and path has no {day}; leave it out")
        return self

    @field_validator("time_format")
    @classmethod
    def _known_pattern(cls, time_format: str) -> str:
        if time_format not in PLAIN_TIMES:
            try:
                parse_pattern(time_format)
            except ValueError as error:
                guess = likely_pattern(time_format) or nearest(time_format.lower(), PLAIN_TIMES)
                raise ValueError(f"{error}{f'; did you mean {guess!r}?' if guess else ''}") from None
        return time_format

    @field_validator("behaviors")
    @classmethod
    def _canonical_behaviors(cls, behaviors: dict[str, str]) -> dict[str, str]:
        for behavior in behaviors.values():
            if behavior not in (*BEHAVIORS, IGNORE):
                raise ValueError(
                    f"{behavior!r} is not one of the canonical behaviors {', '.join(BEHAVIORS)}, and not {IGNORE!r}"
                    f"{_meant(behavior, (*BEHAVIORS, IGNORE))}"
                )
        return behaviors

    @model_validator(mode="after")
    def _known_words(self) -> "SourceConfig":
        """What constants and cases say is known to a mapping; other readers have words of their own."""
        named = [case.set["behavior"] for case in self.cases if "behavior" in case.set]
        named += [self.constants["behavior"]] if "behavior" in self.constants else []
        known = self.words
        for word in named if self.reader == READERS[0] and ANY_OTHER not in known else ():
            if word not in known:
                raise ValueError(
                    f"the behavior {word!r} of constants or cases is neither canonical nor in behaviors"
                    f"{_meant(word, known)}"
                )
        return self

    @model_validator(mode="after")
    def _year_is_missing(self) -> "SourceConfig":
        has_year = self.time_format in PLAIN_TIMES or any(
            isinstance(part, PatternField) and part.letter == "y" for part in parse_pattern(self.time_format)
        )
        if self.time_year is not None and has_year:
            raise ValueError(
                f"time_year is for times without a year, and time_format {self.time_format} has one; leave one of "
                "the two out"
            )
        return self

    @model_validator(mode="after")
    def _elements_are_used(self) -> "SourceConfig":
        if self.explode is not None and not any(map(self.explode.holds, self.fields)):
            field = self.explode.field
            raise ValueError(f"explode: {field} is used by no column; map one to {field}.<name> or to {field} itself")
        return self

    @property
    def fields(self) -> frozenset[str]:
        """The raw fields that are read."""
        further = [self.time_offset.field] if self.time_offset else []
        conditions = [self.where, *(case.where for case in self.cases)]
        columns = (field for value in self.columns.values() for field in fields_of(value))
        return frozenset(
            {*columns, *self.attributes.values(), *further, *(field for each in conditions for field in each)}
        )

    @property
    def words(self) -> dict[str, str]:
        """The shop's words for behaviors, `ANY_OTHER` among them, to canonical ones or `IGNORE`.

        What a case sets is canonical, unless the shop has the word for something else.
        """
        named = dict(self.behaviors)
        if not named.keys() - {ANY_OTHER}:
            named = dict(zip(BEHAVIORS, BEHAVIORS, strict=True)) | named
        by_case = (case.set["behavior"] for case in self.cases if "behavior" in case.set)
        return {word: word for word in by_case if word in BEHAVIORS} | named

    @property
    def by_day(self) -> bool:
        """Whether its files are told apart by the day that they were delivered for."""
        return DayPath(self.path).by_day


LISTS = ("opt_outs", "consents", "seeds")
"""Kinds of lists of people: who is not to be addressed, who has agreed to it, and whom a shop looks for others like."""

SOURCES = ("events", "items", "users", "campaigns", *LISTS)
_NOT_MAPPED = ("source_file", "source_line", "attributes")  # `attributes` is a section of its own


class SourcesConfig(Section):
    """The shop's deliveries; all but events are optional. Paths are below `root` unless absolute."""

    root: str = ""
    events: SourceConfig | tuple[SourceConfig, ...]
    items: SourceConfig | None = None
    users: SourceConfig | None = None
    campaigns: SourceConfig | None = None
    opt_outs: SourceConfig | None = None
    consents: SourceConfig | None = None
    seeds: SourceConfig | None = None

    @field_validator("events", mode="wrap")
    @classmethod
    def _one_or_several(cls, value: Any, _: Any) -> SourceConfig | tuple[SourceConfig, ...]:
        """Told apart by hand, so that mistakes stand under the keys that the author has written."""
        if not isinstance(value, list | tuple):
            return SourceConfig.model_validate(value)
        sources = _SEVERAL.validate_python(value)
        if len({source.by_day for source in sources}) != 1:
            raise ValueError(
                "list at least one source, and sources that all have {day} in their paths, or none: deliveries of "
                "days and of the whole history cannot be brought together"
            )
        if len({source.delivery_zone for source in sources}) != 1:
            raise ValueError(
                "give all sources of events the same delivery_zone: a day's deliveries are judged together"
            )
        return sources

    @property
    def of_events(self) -> tuple[SourceConfig, ...]:
        """Where events come from, in the order of the configuration; all tell days apart, or none does."""
        return self.events if isinstance(self.events, tuple) else (self.events,)

    @property
    def by_day(self) -> bool:
        """Whether deliveries of events are told apart by their days."""
        return self.of_events[0].by_day

    @property
    def delivery_zone(self) -> str | None:
        """Where the days of deliveries of events end, if not in the shop's zone."""
        return self.of_events[0].delivery_zone

    def key_of(self, place: int) -> str:
        """What the source of events at that place is called in messages."""
        return f"sources.events.{place}" if isinstance(self.events, tuple) else "sources.events"

    @model_validator(mode="after")
    def _known_columns(self) -> "SourcesConfig":
        named = [(self.key_of(place).removeprefix("sources."), source) for place, source in enumerate(self.of_events)]
        others = [(kind, source) for kind in SOURCES[1:] if (source := getattr(self, kind)) is not None]
        for kind, source in others:
            if source.delivery_zone:
                raise ValueError(
                    f"{kind}.delivery_zone has no meaning: what is known of {kind} is judged by the times of its lines"
                )
            if source.attributes and kind in LISTS:
                raise ValueError(f"{kind}.attributes has no meaning: such a list holds nothing but who is on it")
        for key, source in [*named, *others]:
            known = [name for name in TABLES[key.partition(".")[0]].names if name not in _NOT_MAPPED]
            for section in ("columns", "constants", "whole_numbers"):
                for name in getattr(source, section):
                    _check_column(f"{key}.{section}", name, known)
            for name in (name for case in source.cases for name in case.set):
                _check_column(f"{key}.cases.set", name, known)
        return self

    @model_validator(mode="before")
    @classmethod
    def _below_root(cls, keys: Any) -> Any:
        root = keys.get("root") if isinstance(keys, dict) else None
        if not isinstance(root, str) or not root:
            return keys
        return {name: _move_below(root, value) for name, value in keys.items()}


def _check_column(key: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        guess = _MEANT.get(name) or nearest(name, known)
        hint = f"did you mean {guess!r}? " if guess in known else ""
        raise ValueError(f"{key} has the unknown column {name!r}; {hint}known columns: {', '.join(known)}")


_SEVERAL = TypeAdapter(tuple[SourceConfig, ...])


def _move_below(root: str, source: Any) -> Any:
    if isinstance(source, list | tuple):
        return [_move_below(root, each) for each in source]
    if not isinstance(source, dict) or not isinstance(source.get("path"), str):
        return source
    path = source["path"]
    if path.startswith("/") or "://" in path:
        return source
    return {**source, "path": f"{glob.escape(root.rstrip('/'))}/{path}"}  # the root is a folder, no glob
