"""Raw fields to the canonical columns of text that a mapping says, and the lines that are left out by it."""

from collections.abc import Callable, Mapping, Sequence

import polars as pl
import pyarrow as pa

from interest_spark.config.mapping import ColumnFields, Joined, Matched, fields_of
from interest_spark.config.source import DATABASE_NULL, SQL_NULLS, SourceConfig
from interest_spark.schemas.tables import TABLES
from interest_spark.sources.typing_rules import ATTRIBUTE_PREFIX, TIME_OFFSET
from interest_spark.sources.values import to_value, whole_number

FREE_TEXTS = frozenset({"title", "description", "query"})
_NEGATIVE = r"^-\s*[0-9.]*[1-9]"

Place = Callable[[str], pl.Expr]
"""The column of text of a raw field."""


def text_columns(source: SourceConfig, names: Sequence[str], field: Place) -> dict[str, pl.Expr]:
    """Expressions of all `names`, and of what else the source maps, over columns of raw text."""
    wanted: dict[str, ColumnFields] = dict(source.columns)
    wanted |= {ATTRIBUTE_PREFIX + name: each for name, each in source.attributes.items()}
    wanted |= {TIME_OFFSET: source.time_offset.field} if source.time_offset else {}
    text: dict[str, pl.Expr] = {name: pl.lit(None, pl.String) for name in names}
    text |= {name: pl.lit(value) for name, value in source.constants.items()}
    for name, fields in wanted.items():
        values = [to_value(field(each), _nulls_of(name, source)) for each in fields_of(fields)]
        value = _together(values, fields)
        value = to_value(value, _nulls_of(name, source)) if isinstance(fields, Matched) else value
        text[name] = whole_number(value) if name in source.whole_numbers else value
    return _by_case(text, source, field)


def is_left_out(source: SourceConfig, field: Place) -> pl.Expr | None:
    """The lines that `where` does not name; None where it names all."""
    return ~_fulfils(source.where, field) if source.where else None


def number_fields(kind: str, source: SourceConfig) -> frozenset[str]:
    """The raw fields that fill no column of text: the rules of numbers and times refuse what is none."""
    texts = {name for name in TABLES[kind].names if pa.types.is_string(TABLES[kind].field(name).type)}
    numbers = {field for name, fields in source.columns.items() if name not in texts for field in fields_of(fields)}
    as_texts = {field for name, fields in source.columns.items() if name in texts for field in fields_of(fields)}
    conditions = {field for where in (source.where, *(case.where for case in source.cases)) for field in where}
    return frozenset(numbers - as_texts - conditions - {*source.attributes.values()})


def _together(values: Sequence[pl.Expr], fields: ColumnFields) -> pl.Expr:
    if isinstance(fields, str):
        return values[0]
    if isinstance(fields, Joined):
        return pl.concat_str(values, separator=fields.separator)  # null where one of them is
    if isinstance(fields, Matched):
        return values[0].str.extract(fields.match, fields.group)
    return pl.coalesce(values)


def _by_case(text: dict[str, pl.Expr], source: SourceConfig, field: Place) -> dict[str, pl.Expr]:
    """Of several cases that hold the first one counts."""
    found, earlier = dict(text), pl.lit(value=False)
    for case in source.cases:
        holds = _fulfils(case.where, field)
        if case.negative:
            holds &= text[case.negative].str.contains(_NEGATIVE).fill_null(value=False)
        applies, earlier = holds & ~earlier, earlier | holds
        if case.negative:
            positive = found[case.negative].str.replace(r"^-\s*", "")
            found[case.negative] = pl.when(applies).then(positive).otherwise(found[case.negative])
        for name, value in case.set.items():
            found[name] = pl.when(applies).then(pl.lit(value)).otherwise(found[name])
    return found


def _fulfils(where: Mapping[str, Sequence[str]], field: Place) -> pl.Expr:
    found = pl.lit(value=True)
    for name, values in where.items():
        found &= to_value(field(name), ()).is_in(list(values)).fill_null(value=False)
    return found


def _nulls_of(name: str, source: SourceConfig) -> Sequence[str]:
    """A title or a query may well be the word None, and a price that is no number is a fault to tell."""
    if name.endswith("_id"):
        return source.nulls
    known = (DATABASE_NULL,) if name in FREE_TEXTS else (DATABASE_NULL, *SQL_NULLS)
    return [each for each in source.nulls if each in known]
