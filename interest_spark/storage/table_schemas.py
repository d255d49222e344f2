"""The contracts of schemas.py as Spark, Delta and Parquet footers express them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import Schema

from interest_spark.schemas.tables import TABLES


def spark_schema(table: str) -> Any:
    """The table's columns, without `dt`, as a Spark StructType."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(TABLES[table])


def delta_schema(table: str) -> Schema:
    """The table's columns and `dt`, as Delta's schema."""
    return Schema.from_arrow(TABLES[table].append(pa.field("dt", pa.string())))


def check_footer(table: str, path: Path, found: pa.Schema) -> None:
    """Raise ValueError unless the file's columns are the table's, in order and type."""
    expected = TABLES[table]
    pairs = [(field.name, _plain(field.type)) for field in found]
    wanted = [(field.name, _plain(field.type)) for field in expected]
    if pairs != wanted:
        raise ValueError(f"{table}: {path} has columns {pairs}, the table has {wanted}")


def _plain(kind: pa.DataType) -> str:
    """A type's name without the nullability and field names that writers differ in."""
    if pa.types.is_list(kind):
        return f"list<{_plain(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{_plain(kind.key_type)}, {_plain(kind.item_type)}>"
    return str(kind)
