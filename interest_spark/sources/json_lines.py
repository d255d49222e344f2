"""JSON lines to columns of text: flat objects by regular expressions over many lines at once.

A line is admitted only if what the expressions find in it is certain to be what the exact decoder gives: one object
of plain values, whose wanted fields stand in it once, with strings that hold no escape. Numbers stay as written.
"""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from interest_spark.sources.candidates import Admitted, Candidates, Format
from interest_spark.sources.records import json_decoder

_SPACE = r"[ \t]*"
_KEY = r'"[^"\\\x00-\x1f]*"'
_STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_SCALAR = rf"(?:{_STRING}|{_NUMBER}|true|false|null)"
_LIST = rf"\[{_SPACE}(?:{_SCALAR}{_SPACE}(?:,{_SPACE}{_SCALAR}{_SPACE})*)?\]"
_PAIR = rf"{_KEY}{_SPACE}:{_SPACE}(?:{_SCALAR}|{_LIST})"
_FLAT_OBJECT = rf"^{_SPACE}\{{{_SPACE}{_PAIR}(?:{_SPACE},{_SPACE}{_PAIR})*{_SPACE}\}}[ \t\r]*$"

# Between two strings of a flat object stands a colon or a comma, so a name without these, in quotes, is no such gap.
_FINDABLE_NAME = re.compile(r'[^"\\:,\x00-\x1f]+')


class JsonLines(Format):
    """One object a line."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._findable = all(_FINDABLE_NAME.fullmatch(field) for field in fields)
        self._any_field = f'"(?:{"|".join(map(pl.escape_regex, fields))})"{_SPACE}:'
        self.decode = json_decoder(fields)

    def admit(self, lines: Candidates) -> Admitted:
        """Flat objects; those with an escape or a list in a wanted field, or with one twice, are left to `decode`."""
        if not self._findable:
            return Admitted.none(len(self._fields))
        flat = lines.texts.str.contains(_FLAT_OBJECT)
        texts = lines.texts if flat.all() else lines.texts.filter(flat)
        columns, found = [], np.zeros(len(texts), np.int64)
        for field in self._fields:
            column, there = _values(texts, field)
            columns.append(column)
            found += there
        # Every name found has a value that was found, so none stands twice and none was passed over.
        certain = pl.Series(found) == (texts.str.count_matches(self._any_field) if self._fields else 0)
        if not certain.all():
            columns = [column.filter(certain) for column in columns]
        places = np.flatnonzero(flat.to_numpy())
        return Admitted(places[certain.to_numpy()], columns)


def _values(texts: pl.Series, field: str) -> tuple[pl.Series, np.ndarray]:
    """The texts of a field's values and in which lines one was found; `null` is found, and null."""
    before = f'"{pl.escape_regex(field)}"{_SPACE}:{_SPACE}'
    column = texts.str.extract(rf'{before}"([^"\\]*)"')
    if not column.null_count():
        return column, np.ones(len(texts), np.bool_)
    there = column.is_not_null().to_numpy().copy()
    others = np.flatnonzero(~there)
    bare = texts.gather(others).str.extract(rf'{before}([^"\[\s,}}][^\s,}}]*)')
    there[others] = bare.is_not_null().to_numpy()
    bare = bare.set(bare == "null", None)
    return bare if len(bare) == len(texts) else column.scatter(others, bare), there
