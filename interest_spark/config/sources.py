"""The section `sources` of the configuration: the shop's deliveries of each kind."""

import glob
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, field_validator, model_validator

from interest_spark.config.names import nearest
from interest_spark.config.section import Section
from interest_spark.config.source import SourceConfig
from interest_spark.schemas.tables import TABLES

LISTS = ("opt_outs", "consents", "seeds")
"""Kinds of lists of people: who is not to be addressed, who has agreed to it, and whom a shop looks for others like."""

SOURCES = ("events", "items", "users", "campaigns", *LISTS)
_NOT_MAPPED = ("source_file", "source_line", "attributes")  # `attributes` is a section of its own

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
