"""The tables' columns as Spark, Delta and Parquet footers express them, and what becomes of older files.

Columns may be added to a table: files written before are read by name, and the new column is null in them.
A file holds the table's columns and the one that names its slice, if any; the day `dt` stands in its path.
"""

import difflib
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import Schema

from interest_spark.foundation.errors import ConfigError
from interest_spark.schemas.table import DAY, MEANING
from interest_spark.schemas.tables import SLICED_BY, TABLES


def check_table(table: str) -> None:
    """Raise ConfigError, naming the nearest, unless there is such a table."""
    if table not in TABLES:
        near = difflib.get_close_matches(table, TABLES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"tables: {', '.join(TABLES)}"
        raise ConfigError(f"table {table!r} is unknown; {hint}")


def file_schema(table: str) -> pa.Schema:
    """What a file of the table holds."""
    if table not in SLICED_BY:
        return TABLES[table]
    column = SLICED_BY[table]
    return TABLES[table].append(pa.field(column, pa.string(), metadata={MEANING: f"the row's {column}"}))


def read_schema(table: str) -> pa.Schema:
    """What a reader gets: the columns of the files, and the day."""
    return file_schema(table).append(DAY)


def spark_schema(table: str) -> Any:
    """The table's own columns, without the one that names slices and `dt`, as a Spark StructType."""
    return to_spark(TABLES[table])


def to_spark(schema: pa.Schema) -> Any:
    """An Arrow schema as a Spark StructType."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


def delta_schema(table: str) -> Schema:
    """What the Delta log says of the table."""
    return Schema.from_arrow(read_schema(table))


def check_footer(table: str, path: str | Path, found: pa.Schema) -> None:
    """Raise ValueError unless a freshly written file's columns are the table's, in order and type."""
    pairs, wanted = _plain_fields(found), _plain_fields(file_schema(table))
    if pairs != wanted:
        raise ValueError(f"{table}: {path} has columns {pairs}, the table has {wanted}")


def missing_columns(table: str, found: pa.Schema) -> list[str]:
    """The table's columns that a file, or the log, of an earlier release lacks."""
    return [name for name in file_schema(table).names if name not in found.names]


def other_columns(table: str, found: pa.Schema) -> str:
    """What a file holds that no release would have written into the table, in words; "" if nothing."""
    wanted, held = dict(_plain_fields(file_schema(table))), dict(_plain_fields(found))
    for name, kind in held.items():
        if name in wanted and kind != wanted[name]:
            return f"{name} of type {kind} in place of {wanted[name]}"
    if not wanted.keys() & held.keys():
        return f"columns {', '.join(held) or '(none)'}"
    return "a column twice" if len(held) < len(found) else ""


def conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with exactly the columns of `schema`, null where they have none."""
    columns = [
        rows[field.name].cast(field.type) if field.name in rows.column_names else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _plain_fields(schema: pa.Schema) -> list[tuple[str, str]]:
    return [(field.name, _plain(field.type)) for field in schema]


def _plain(kind: pa.DataType) -> str:
    """A type's name without the nullability and field names that writers differ in."""
    if pa.types.is_list(kind):
        return f"list<{_plain(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{_plain(kind.key_type)}, {_plain(kind.item_type)}>"
    return str(kind)
