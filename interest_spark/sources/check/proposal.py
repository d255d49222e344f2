"""A mapping that may fit a log: fields by their names and values, the format of times, and words for behaviors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from interest_spark.config.mapping import ANY_OTHER, IGNORE
from interest_spark.config.source import SourceConfig
from interest_spark.sources.check.fields import Layout, RawField
from interest_spark.sources.check.guesses import guess, guess_by_values, marked_words
from interest_spark.sources.check.times import format_without_year_of, time_format_of
from interest_spark.sources.check.words import COLUMNS, behavior_of, plain

_MOST_WORDS = 30
_MOST_CODES = 10
_UNKNOWN = "view"
"""What a word is taken for where nothing says what it means: the author is to correct it."""


def propose(layout: Layout, source: SourceConfig, path: str, day: date | None = None) -> dict[str, Any]:
    """Keys of a source of events that keep what its author has mapped and fill in what is required or obvious.

    Times without a year are taken for those of the `day`'s.
    """
    found = {name: each for name, each in _found(layout).items() if name not in {*source.columns, *source.constants}}
    columns: dict[str, Any] = {name: _way(each) for name, each in found.items()} | dict(source.columns)
    keys: dict[str, Any] = {"path": path, **layout.keys, "columns": columns}
    keys |= {"delivery_zone": source.delivery_zone} if source.delivery_zone else {}
    time = _joined_time(layout, columns) or _field(layout, columns.get("event_time"))
    if time is not None:
        keys |= _time_format(time.values, day)
    lists = Counter(each.within for fields in found.values() for each in fields if each.within)
    if lists:
        keys["explode"] = lists.most_common(1)[0][0]
    if "behavior" not in columns and (shown := marked_words(layout.fields)):
        columns |= {"item_id": f"{shown.name}.0", "behavior": f"{shown.name}.1"}
        keys |= {"explode": {"field": shown.name, "separator": " ", "parts": "-"}}
        keys |= {"behaviors": {"1": "click", "0": "view"}}
    elif behavior := _field(layout, columns.get("behavior")):
        keys |= _behaviors(behavior) | _where(layout, behavior)
        if unknown_words(behavior.values) and "behaviors" not in keys:
            del columns["behavior"]  # texts of any kind are no behaviors
    if "behavior" not in columns:
        keys["constants"] = {"behavior": _UNKNOWN, **source.constants}
    quantity = _field(layout, columns.get("quantity"))
    if quantity is not None and any(value.strip().startswith("-") for value in quantity.values):
        keys["cases"] = [{"negative": "quantity", "set": {"behavior": "return"}}]
    return keys


def unknown_words(values: Sequence[str]) -> Sequence[str]:
    """The words for behaviors, if not one of them is known."""
    words = sorted({word for value in values if (word := value.strip())})
    return [] if any(map(behavior_of, words)) else words


def _found(layout: Layout) -> Mapping[str, Sequence[RawField]]:
    if layout.is_named:
        return {name: each for name in COLUMNS if (each := guess(name, layout.fields))}
    return {name: [each] for name, each in guess_by_values(layout).items()}


def _way(fields: Sequence[RawField]) -> object:
    ways = [each.way for each in fields]
    return ways[0] if len(ways) == 1 or not all(isinstance(way, str) for way in ways) else ways


def _joined_time(layout: Layout, columns: dict[str, Any]) -> RawField | None:
    """Date and time that lie apart, as one field; `columns` has them joined."""
    time = _field(layout, columns.get("event_time"))
    day = next((each for each in layout.fields if plain(each.name) == "date"), None)
    if time is None or day is None or plain(time.name) != "time":
        return None
    columns["event_time"] = {"join": [day.name, time.name]}
    return RawField("both", [f"{a} {b}" for a, b in zip(day.values, time.values, strict=False)])


def _time_format(values: Sequence[str], day: date | None) -> dict[str, Any]:
    if known := time_format_of(values):
        return {"time_format": known}
    if day is not None and (known := format_without_year_of(values)):
        return {"time_format": known, "time_year": day.year}
    return {}


def _behaviors(field: RawField) -> dict[str, Any]:
    """Words and what they mean; those that mean nothing here are left out. Of a few codes nobody knows any."""
    words = [word for word, _ in Counter(value.strip() for value in field.values).most_common(_MOST_WORDS) if word]
    known = {word: name for word in words if (name := behavior_of(word))}
    if known:
        return {"behaviors": {**known, **({} if len(known) == len(words) else {ANY_OTHER: IGNORE})}}
    codes = unknown_words(field.values)
    return {"behaviors": dict.fromkeys(codes, _UNKNOWN)} if 0 < len(codes) <= _MOST_CODES else {}


def _where(layout: Layout, behavior: RawField) -> dict[str, Any]:
    """What tells lines with a behavior from those that have none, as logs of calls of several kinds do."""
    if len(behavior.covered) == layout.size:
        return {}
    for each in layout.fields:
        here = {value for n, value in zip(each.lines, each.values, strict=True) if n in behavior.covered}
        there = {value for n, value in zip(each.lines, each.values, strict=True) if n not in behavior.covered}
        is_kind = here and there and not here & there and max(len(here), len(there)) <= _MOST_CODES
        if (
            is_kind
            and len(here | there) * 2 <= layout.size
            and len(each.covered) == layout.size
            and each.within is None
        ):
            return {"where": {each.name: sorted(here)}}
    return {}


def _field(layout: Layout, name: object) -> RawField | None:
    return next((each for each in layout.fields if each.way == name), None)
