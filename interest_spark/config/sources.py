"""The section `sources` of the configuration: where raw logs lie and what their fields mean."""

import glob
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from interest_spark.config.day_path import DayPath
from interest_spark.config.encodings import UTF_8, EncodingName
from interest_spark.config.names import ZoneName, known_name, nearest
from interest_spark.config.section import Section
from interest_spark.config.time_pattern import parse_pattern
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
    columns: dict[str, str] = Field(default={})
    attributes: dict[str, str] = Field(default={})
    constants: dict[str, str] = Field(default={})
    behaviors: dict[str, str] = Field(default={})
    time_format: str = "iso"
    time_zone: ZoneName = "UTC"
    delivery_zone: ZoneName | None = None
    nulls: tuple[str, ...] = NULLS
    whole_numbers: tuple[str, ...] = ()

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
            parse_pattern(time_format)
        return time_format

    @field_validator("behaviors")
    @classmethod
    def _canonical_behaviors(cls, behaviors: dict[str, str]) -> dict[str, str]:
        for behavior in behaviors.values():
            if behavior not in BEHAVIORS:
                raise ValueError(f"{behavior!r} is not one of the canonical behaviors {', '.join(BEHAVIORS)}")
        return behaviors

    @property
    def by_day(self) -> bool:
        """Whether its files are told apart by the day that they were delivered for."""
        return DayPath(self.path).by_day


SOURCES = ("events", "items", "users")
_NOT_MAPPED = ("source_file", "source_line", "attributes")  # `attributes` is a section of its own


class SourcesConfig(Section):
    """The shop's deliveries; items and users are optional. Paths are below `root` unless absolute."""

    root: str = ""
    events: SourceConfig
    items: SourceConfig | None = None
    users: SourceConfig | None = None

    @model_validator(mode="after")
    def _known_columns(self) -> "SourcesConfig":
        for kind in SOURCES:
            source: SourceConfig | None = getattr(self, kind)
            if kind != "events" and source and source.delivery_zone:
                raise ValueError(
                    f"{kind}.delivery_zone has no meaning: what is known of {kind} is judged by updated_at"
                )
            known = [name for name in TABLES[kind].names if name not in _NOT_MAPPED]
            for section in ("columns", "constants", "whole_numbers") if source else ():
                for name in getattr(source, section):
                    _check_column(f"{kind}.{section}", name, known)
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


def _move_below(root: str, source: Any) -> Any:
    if not isinstance(source, dict) or not isinstance(source.get("path"), str):
        return source
    path = source["path"]
    if path.startswith("/") or "://" in path:
        return source
    return {**source, "path": f"{glob.escape(root.rstrip('/'))}/{path}"}  # the root is a folder, no glob
