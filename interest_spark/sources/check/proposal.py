"""A mapping that may fit a log: fields by their names and values, the format of times, and words for behaviors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from interest_spark.config.mapping import ANY_OTHER, IGNORE
from interest_spark.config.sources import PLAIN_TIMES, SourceConfig
from interest_spark.foundation.dates import EARLIEST_INSTANT, LATEST_INSTANT
from interest_spark.sources.check.fields import Layout, RawField
from interest_spark.sources.check.words import COLUMNS, REQUIRED, behavior_of, plain
from interest_spark.sources.instants import to_instant

_PATTERNS = (
    *("yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd HH:mm", "yyyyMMddHHmmss", "yyyyMMdd HH:mm:ss", "dd.MM.yyyy HH:mm:ss"),
    *("dd.MM.yyyy HH:mm", "dd/MM/yyyy HH:mm:ss", "MM/dd/yyyy HH:mm:ss", "M/d/yyyy h:mm:ss a", "M/d/yyyy H:mm"),
    *("dd/MMM/yyyy:HH:mm:ss Z", "yyyy-MM-dd HH:mm:ss.SSS", "yyyy/MM/dd", "dd.MM.yyyy", "d/M/yyyy"),
)
_LIKELY_FROM = EARLIEST_INSTANT.replace(year=1995)  # numbers that are no times seldom lie in these years
_MOST_WORDS = 30


def propose(layout: Layout, source: SourceConfig, path: str) -> dict[str, Any]:
    """Keys of a source of events that keep what its author has mapped and fill in what is required or obvious."""
    found = {name: each for name in COLUMNS if name not in {*source.columns, *source.constants}
             if (each := guess(name, layout.fields)) is not None}  # fmt: skip
    columns: dict[str, Any] = {**{name: each.name for name, each in found.items()}, **source.columns}
    time = _field(layout, columns.get("event_time"))
    date = next((each for each in layout.fields if plain(each.name) == "date"), None)
    keys: dict[str, Any] = {"path": path, **layout.keys, "columns": columns}
    if time is not None and date is not None and plain(time.name) == "time" and date is not time:
        columns["event_time"] = {"join": [date.name, time.name]}
        time = RawField("both", [f"{a} {b}" for a, b in zip(date.values, time.values, strict=False)])
    if time is not None and (time_format := time_format_of(time.values)):
        keys["time_format"] = time_format
    if lists := Counter(each.within for each in found.values() if each.within):
        keys["explode"] = lists.most_common(1)[0][0]
    if words := _behaviors(_field(layout, columns.get("behavior"))):
        keys["behaviors"] = words
    if "behavior" not in columns:
        keys["constants"] = {"behavior": "view", **source.constants}
    return keys


def guess(column: str, fields: Sequence[RawField]) -> RawField | None:
    """The field that is likely to be the column: by its whole name, else by the last part of a way."""
    for word in COLUMNS[column]:
        for whole in (True, False):
            for each in fields:
                name = each.name if whole else each.name.rpartition(".")[2]
                if plain(name) == word and (column not in REQUIRED or any(value.strip() for value in each.values)):
                    return each
    return None


def time_format_of(values: Sequence[str]) -> str | None:
    """The first format that reads most of the values as times of plausible years; None where none does."""
    text = pl.Series([value.strip() for value in values[:200]], dtype=pl.String)
    best, most = None, len(text) // 2
    for each in (*PLAIN_TIMES, *_PATTERNS):
        instants = to_instant(text, each, "UTC")
        known = int(instants.is_between(_LIKELY_FROM, LATEST_INSTANT, closed="left").fill_null(value=False).sum())
        if known > most:
            best, most = each, known
    return best


def _behaviors(field: RawField | None) -> Mapping[str, str]:
    """Words and what they mean; those that mean nothing here are left out."""
    if field is None:
        return {}
    words = [word.strip() for word, _ in Counter(field.values).most_common(_MOST_WORDS)]
    known = {word: name for word in words if (name := behavior_of(word))}
    return {**known, **({} if len(known) == len(words) else {ANY_OTHER: IGNORE})} if known else {}


def _field(layout: Layout, name: object) -> RawField | None:
    return next((each for each in layout.fields if each.name == name), None)
