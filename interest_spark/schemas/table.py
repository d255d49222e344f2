"""How a table is described: an Arrow schema whose columns say what they mean, without the partition column `dt`."""

import pyarrow as pa

MEANING = b"comment"
"""The key of a column's metadata that says what it means; Delta readers and Spark show it under the same name."""

TIME = pa.timestamp("us", tz="UTC")

DAY = pa.field("dt", pa.string(), metadata={MEANING: "the shop-local day, YYYY-MM-DD"})
"""The further column of every table, which stands in the paths of its files."""


def table_of(**columns: tuple[pa.DataType, str]) -> pa.Schema:
    """The columns by name, each with what it means."""
    return pa.schema([pa.field(name, kind, metadata={MEANING: text}) for name, (kind, text) in columns.items()])


def list_of(value: pa.DataType) -> pa.DataType:
    """A list, with the name of its element that Spark gives it."""
    return pa.list_(pa.field("element", value))


def text_map() -> pa.DataType:
    """Texts by name."""
    return pa.map_(pa.string(), pa.string())
