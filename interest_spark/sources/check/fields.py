"""The fields of a log's first lines, by the names that a mapping has for them, with some of their values."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from interest_spark.sources.check.head import Head, cells_of, has_header, separator_of

_MOST_FIELDS = 200


@dataclass
class RawField:
    """A field by its `name`, the values of the lines that have one, and the field of a list that it lies in."""

    name: str
    values: list[str] = field(default_factory=list)
    within: str | None = None

    @property
    def samples(self) -> Sequence[str]:
        """Its first three values."""
        return list(dict.fromkeys(self.values))[:3]


@dataclass(frozen=True)
class Layout:
    """How a file is written, as keys of a source, and the fields that it has."""

    keys: Mapping[str, object]
    fields: Sequence[RawField]


def layout_of(head: Head) -> Layout:
    """JSON Lines, or CSV with or without a header, whose columns are then called column_1, column_2, …"""
    if head.is_json:
        return Layout({"format": "jsonl"}, _collected(_pairs_of_objects(head.filled)))
    lines = [line for line in head.filled if not line.startswith("#")]
    separator = separator_of(lines)
    keys: dict[str, object] = {"format": "csv", "separator": separator}
    rows = [cells_of(line, separator) for line in lines]
    if has_header(lines, separator):
        names, rows = [name.strip() for name in rows[0]], rows[1:]
    else:
        names = [f"column_{place}" for place in range(1, len(rows[0]) + 1)] if rows else []
        keys["header"] = names
    pairs = ((name, cell, None) for row in rows for name, cell in zip(names, row, strict=False))
    return Layout(keys, _collected(pairs))


Pair = tuple[str, str, str | None]


def _collected(pairs: Iterable[Pair]) -> list[RawField]:
    found: dict[str, RawField] = {}
    for name, value, within in pairs:
        if name in found or len(found) < _MOST_FIELDS:
            each = found.setdefault(name, RawField(name, within=within))
            each.values.append(value)
    return list(found.values())


def _pairs_of_objects(lines: Sequence[str]) -> Iterator[Pair]:
    for line in lines:
        try:
            document = json.loads(line, parse_float=str, parse_int=str)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            yield from _pairs(document, "", None)


def _pairs(value: object, name: str, within: str | None) -> Iterator[Pair]:
    """Objects are opened, and so are lists of objects and JSON in texts, once each."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value, parse_float=str, parse_int=str)
        except (ValueError, RecursionError):
            yield name, str(value), within
            return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _pairs(inner, f"{name}.{key}" if name else key, within)
    elif isinstance(value, list) and within is None and any(isinstance(each, dict) for each in value):
        for each in value:
            yield from _pairs(each, name, name)
    elif value is not None and not isinstance(value, list):
        yield name, str(value).lower() if isinstance(value, bool) else str(value), within
