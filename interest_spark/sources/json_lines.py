r"""JSON lines to columns of text: objects by regular expressions over many lines at once.

A line is admitted only if what the expressions find in it is certain to be what the exact decoder gives: an object
whose wanted fields stand in it once, with plain values. Numbers stay as written. Inner objects and lists may stand in
it where nothing in them is wanted: `\x01`, which valid JSON cannot hold, takes their place first.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_spark.sources.candidates import Admitted, Candidates, Format
from interest_spark.sources.records import RefusedLineError, json_decoder, outer_name, reaches, refuse_bad_characters

_SPACE = r"[ \t]*"
_KEY = r'"[^"\\\x00-\x1f]*"'
_STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_SCALAR = rf"(?:{_STRING}|{_NUMBER}|true|false|null)"
_STANDS_FOR_MORE = r"\x01"
_JSON_IN_TEXT = r'"\s*[\[{\\]'  # white space before it may be escaped


def _several(part: str) -> str:
    return rf"{part}(?:{_SPACE},{_SPACE}{part})*"


def _inner(value: str) -> str:
    """A list of such values, or an object of them."""
    return (
        rf"(?:\[{_SPACE}(?:{_several(value)})?{_SPACE}\]|\{{{_SPACE}(?:{_several(_pair(_STRING, value))})?{_SPACE}\}})"
    )


def _pair(key: str, value: str) -> str:
    return rf"{key}{_SPACE}:{_SPACE}{value}"


# Objects in lists in objects are enough; what is deeper is left to the exact decoder.
_DEEPEST = rf"(?:{_SCALAR}|{_inner(_SCALAR)})"
_INNER_VALUE = rf":{_SPACE}{_inner(_DEEPEST)}"
_FLAT_OBJECT = rf"^{_SPACE}\{{{_SPACE}{_several(_pair(_KEY, f'(?:{_SCALAR}|{_STANDS_FOR_MORE})'))}{_SPACE}\}}[ \t\r]*$"

# Between two strings of a flat object stands a colon or a comma, so a name without these, in quotes, is no such gap.
_FINDABLE_NAME = re.compile(r'[^"\\:,\x00-\x1f]+')

_SAMPLE_LINES = 100
_LEAST_SHARE = 0.25
_LONGEST_TEMPLATE = 100_000  # bytes; Polars refuses expressions of four times as many as too large


class JsonLines(Format):
    """One object a line."""

    def __init__(self, fields: Sequence[str], numbers: Collection[str] = (), whole: str | None = None) -> None:
        self._fields = fields
        self._findable = all(_FINDABLE_NAME.fullmatch(field) for field in fields)
        outer = _any_of(sorted({outer_name(field) for field in fields if reaches(field)}))
        self._name = _pair(_any_of(fields), "")
        reached_into = _pair(outer, rf"(?:{_STANDS_FOR_MORE}|{_JSON_IN_TEXT})")
        self._reached_into = reached_into if any(map(reaches, fields)) else None
        self.decode = json_decoder(fields, numbers, whole)

    def admit(self, lines: Candidates) -> Admitted:
        """Leave to `decode` what is no object of values, and where a wanted field stands twice or is an inner value."""
        texts = lines.texts
        if not self._findable or (len(texts) > 10 * _SAMPLE_LINES and self._mostly_left(texts)):
            return Admitted.none(len(self._fields))
        return self._admit(texts)

    def _mostly_left(self, texts: pl.Series) -> bool:
        """Whether a sample says that looking for lines to admit takes longer than it saves."""
        sample = texts.gather_every(len(texts) // _SAMPLE_LINES)
        return len(self._admit(sample).places) < _LEAST_SHARE * len(sample)

    def _admit(self, lines: pl.Series) -> Admitted:
        """Most logs are written by one program: what is like their first line is taken apart in one go."""
        template = _template(lines[0], self._fields) if len(lines) > _SAMPLE_LINES else None
        if template is None:
            return self._admit_any(lines)
        opened, *values = lines.str.extract_groups(template.expression).struct.unnest().get_columns()
        like = opened.is_not_null()
        columns = [values[template.wanted.index(field)] for field in self._fields]
        others = (~like).arg_true().to_numpy()
        if not len(others):
            return Admitted(np.arange(len(lines)), columns)
        rest = self._admit_any(lines.gather(others))
        places = np.concatenate([like.arg_true().to_numpy(), others[rest.places]])
        order = np.argsort(places)
        pairs = zip(columns, rest.columns, strict=True)
        columns = [pl.concat([column.filter(like), other]).gather(order) for column, other in pairs]
        return Admitted(places[order], columns)

    def _admit_any(self, lines: pl.Series) -> Admitted:
        """Flat objects in which no wanted field stands twice."""
        places, texts = self._flat(lines)
        columns, found = [], np.zeros(len(texts), np.int64)
        for field in self._fields:
            column, there = _values(texts, field)
            columns.append(column)
            found += there
        # Every name found has a value that was found, so none stands twice and none was passed over.
        certain = np.ones(len(texts), np.bool_)
        if self._fields:
            certain = texts.str.count_matches(self._name).to_numpy() == found
        if not certain.all():
            columns = [column.filter(certain) for column in columns]
        return Admitted(places[certain], columns)

    def _flat(self, texts: pl.Series) -> tuple[np.ndarray, pl.Series]:
        """The places and texts of the flat objects; those with inner values become flat without these."""
        flat = (texts.str.contains(_FLAT_OBJECT) & ~texts.str.contains(chr(1), literal=True)).to_numpy()
        if self._reached_into:
            flat &= ~texts.str.contains(self._reached_into).to_numpy()
        if flat.all():
            return np.arange(len(texts)), texts
        others = np.flatnonzero(~flat)
        unlike = texts.gather(others)
        emptied = unlike.str.replace_all(_INNER_VALUE, ":\x01")
        like = emptied.str.contains(_FLAT_OBJECT) & ~unlike.str.contains(chr(1), literal=True)
        if self._reached_into:
            like &= ~emptied.str.contains(self._reached_into)
        places = np.concatenate([np.flatnonzero(flat), others[like.to_numpy()]])
        order = np.argsort(places)
        return places[order], pl.concat([texts.filter(flat), emptied.filter(like)]).gather(order)


@dataclass(frozen=True)
class _Template:
    """An expression for whole lines; its groups are the opening bracket and the values of the `wanted` fields."""

    expression: str
    wanted: Sequence[str]


def _template(line: str, fields: Sequence[str]) -> _Template | None:
    """For objects with the keys of this line in the same order, and values of the same kinds or `null`.

    None unless the line is a flat object of not too many keys that has every field once.
    """
    # Not by an expression of Python's, which needs a hundred bytes for each character of a long text.
    if chr(1) in line or not pl.Series([line]).str.contains(_FLAT_OBJECT)[0]:
        return None
    pairs = json.loads(line, object_pairs_hook=list, parse_int=float)
    names = [name for name, _ in pairs]
    if len({*names}) < len(names) or not {*fields} <= {*names}:
        return None
    described = (
        _pair(f'"{pl.escape_regex(name)}"', _like(value) if name in fields else _SCALAR) for name, value in pairs
    )
    members = rf"{_SPACE},{_SPACE}".join(described)
    expression = rf"^{_SPACE}(\{{){_SPACE}{members}{_SPACE}\}}[ \t\r]*$"
    if len(expression.encode()) > _LONGEST_TEMPLATE:
        return None
    return _Template(expression, [name for name in names if name in fields])


def _like(value: str | float | bool | None) -> str:
    """A group for plain strings, which without a value may be any, or for other scalars; no value for `null`."""
    if value is None or isinstance(value, str):
        return r'(?:"([^"\\\x00-\x1f]*)"|null)'
    return f"(?:({_NUMBER}|true|false)|null)"


def _any_of(names: Sequence[str]) -> str:
    return f'"(?:{"|".join(map(pl.escape_regex, names))})"'


def _values(texts: pl.Series, field: str) -> tuple[pl.Series, np.ndarray]:
    """The texts of a field's values and in which lines one was found; `null` is found, and null."""
    name = _pair(_any_of([field]), "")
    column = texts.str.extract(rf'{name}"([^"\\]*)"')
    there = column.is_not_null().to_numpy().copy()
    if there.all():
        return column, there
    others = np.flatnonzero(~there)
    written = texts.gather(others).str.extract(rf'{name}("(?:[^"\\]|\\.)*"|[^"\x01\s,}}][^\s,}}]*)')
    values, there[others] = _unescaped(written)
    return values if len(values) == len(texts) else column.scatter(others, values), there


def _unescaped(written: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """Scalars as JSON has them to texts, and which are such; strings, which are those with an escape, one by one."""
    there = written.is_not_null().to_numpy().copy()
    values = written.set(written == "null", None)
    strings = np.flatnonzero(written.str.starts_with('"').fill_null(value=False))
    if not len(strings):
        return values, there
    texts = [_text_of_string(string) for string in written.gather(strings)]
    there[strings] = [text is not None for text in texts]
    return values.scatter(strings, texts), there


def _text_of_string(string: str) -> str | None:
    """None for what only the exact decoder can refuse."""
    text: str = json.loads(string)
    try:
        refuse_bad_characters([text])
    except RefusedLineError:
        return None
    return text
