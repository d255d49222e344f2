"""A source of the section `sources`: where raw logs of one kind lie and what their fields mean."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

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
