"""The columns of a table, as a reader of the table sees them, and what each means."""

import pyarrow as pa
from rich import box
from rich.table import Table
from rich.text import Text

from interest_spark.foundation.streams import terminal
from interest_spark.schemas.table import MEANING
from interest_spark.storage.table_schemas import read_schema


def print_columns(table: str) -> None:
    """Print name, type and meaning of each of the table's columns on standard output."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("column", "type", "meaning"):
        shown.add_column(heading, no_wrap=heading != "meaning")
    for field in read_schema(table):
        shown.add_row(field.name, type_name(field.type), meaning(field))
    console = terminal()
    console.print(Text(table, style="bold"))
    console.print(shown)


def meaning(field: pa.Field) -> str:
    """What the column's description says."""
    return (field.metadata or {}).get(MEANING, b"").decode()


def type_name(kind: pa.DataType) -> str:
    """A column's type in few words.

    >>> type_name(pa.list_(pa.timestamp("us", tz="UTC")))
    'list<timestamp>'
    """
    if pa.types.is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    return "timestamp" if pa.types.is_timestamp(kind) else str(kind)
