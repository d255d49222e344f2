"""The fields of a log's first lines, by the names that a mapping has for them, with some of their values."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from interest_spark.config.encodings import UTF_8
from interest_spark.config.source import NO_QUOTE
from interest_spark.sources.check.head import Head, cells_of, has_header, separator_of

_MOST_FIELDS = 200
_NAMES = "#Fields:"
_QUERY = re.compile(r"(?:[^\s?]*\?)?[\w.-]+=[^\s&?]*(?:&[\w.-]+=[^\s&?]*)+")


@dataclass
class RawField:
    """A field by its `name`, the values of the lines that have one, and the field of a list that it lies in.

    `lines` has the number of the line of each value, from 0. `a?b` is the parameter b of the query of a URL in a.
    """

    name: str
    values: list[str] = field(default_factory=list)
    within: str | None = None
    lines: list[int] = field(default_factory=list)

    @property
    def way(self) -> str | dict[str, str]:
        """How a mapping names it."""
        outer, is_parameter, inner = self.name.partition("?")
        return {"field": outer, "match": f"(?:^|[?&]){re.escape(inner)}=([^&]+)"} if is_parameter else self.name

    @property
    def last_name(self) -> str:
        """Without what leads to it."""
        return re.split(r"[.?]", self.name)[-1]

    @property
    def samples(self) -> Sequence[str]:
        """Its first three values."""
        return list(dict.fromkeys(self.values))[:3]

    @cached_property
    def covered(self) -> frozenset[int]:
        """The lines in which it says anything."""
        return frozenset(n for n, value in zip(self.lines, self.values, strict=True) if value.strip())


@dataclass(frozen=True)
class Layout:
    """How a file is written, as keys of a source, and the fields that its lines have, of which there are `size`."""

    keys: Mapping[str, object]
    fields: Sequence[RawField]
    size: int

    @property
    def is_named(self) -> bool:
        """Whether the file says what its fields are called."""
        return "header" not in self.keys or "comment" in self.keys


def layout_of(head: Head) -> Layout:
    """JSON Lines or rows of a table, or CSV with or without a header, whose columns are then column_1, column_2, …"""
    encoding: dict[str, object] = {} if head.encoding == UTF_8 else {"encoding": head.encoding}
    if head.is_json:
        return Layout(
            {"format": head.table or "jsonl", **encoding}, _collected(_pairs_of_objects(head.filled)), len(head.filled)
        )
    lines = [line for line in head.filled if not line.startswith("#")]
    separator = separator_of(lines)
    keys = {"format": "csv", **encoding, "separator": separator}
    rows = [cells_of(line, separator) for line in lines]
    if names := _names_in_comments(head.filled):  # of W3C's extended log format: values have no spaces and no quotes
        keys |= {"quote": NO_QUOTE, "comment": "#", "header": names}
    elif has_header(lines, separator):
        names, rows = [name.strip() for name in rows[0]], rows[1:]
    else:
        names = [f"column_{place}" for place in range(1, len(rows[0]) + 1)] if rows else []
        keys["header"] = names
    cells = ((n, name, cell) for n, row in enumerate(rows) for name, cell in zip(names, row, strict=False))
    pairs = ((n, *pair, None) for n, name, cell in cells for pair in _with_parameters(name, cell))
    return Layout(keys, _collected(pairs), len(rows))


Pair = tuple[str, str, str | None]


def _with_parameters(name: str, cell: str) -> "list[tuple[str, str]]":
    query = cell if _QUERY.fullmatch(cell) else ""
    return [(name, cell), *((f"{name}?{key}", value) for key, value in re.findall(r"([^&=?]+)=([^&]*)", query))]


def _names_in_comments(lines: Sequence[str]) -> list[str]:
    found = next((line for line in lines[:20] if line.startswith(_NAMES)), "")
    return found.removeprefix(_NAMES).split()


def _collected(found: Iterable[tuple[int, *Pair]]) -> list[RawField]:
    fields: dict[str, RawField] = {}
    for n, name, value, within in found:
        if name in fields or len(fields) < _MOST_FIELDS:
            each = fields.setdefault(name, RawField(name, within=within))
            each.values.append(value)
            each.lines.append(n)
    return list(fields.values())


def _pairs_of_objects(lines: Sequence[str]) -> Iterator[tuple[int, *Pair]]:
    for n, line in enumerate(lines):
        try:
            document = json.loads(line, parse_float=str, parse_int=str)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            for pair in _pairs(document, "", None):
                yield (n, *pair)


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
