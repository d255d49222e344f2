"""Raw files to canonical, typed rows, each with the reason it is refused for, or null."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from interest_spark.config.sources import SourceConfig
from interest_spark.schemas.tables import TABLES
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.raw_table import raw_table
from interest_spark.sources.reader import Columns, get_reader
from interest_spark.sources.typing_rules import ATTRIBUTE_PREFIX, TYPING_RULES
from interest_spark.sources.values import blank_to_null

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_LINE_COLUMNS = ("delivery_day", "source_file", "source_line", "raw", "file_fault")


def canonical_rows(
    spark: "SparkSession",
    kind: str,
    source: SourceConfig,
    deliveries: Sequence[Delivery],
    max_line_bytes: int,
) -> "DataFrame":
    """One row a raw line: `delivery_day, source_file, source_line, raw, file_fault, reason` and the table's columns.

    `kind` is events, items or users. A row with a `reason` keeps those of its values that could be read.
    """
    reader = get_reader(source.reader)
    source = reader.settings(kind, source)
    wanted = source.columns | {ATTRIBUTE_PREFIX + name: field for name, field in source.attributes.items()}
    fields = sorted(set(wanted.values()))
    raw = raw_table(spark, deliveries, source, fields, max_line_bytes)

    text: Columns = {name: F.lit(None).cast("string") for name in TABLES[kind].names if name not in _LINE_COLUMNS}
    text |= {name: F.lit(value) for name, value in source.constants.items()}
    text |= {name: blank_to_null(F.col(f"field_{fields.index(field)}")) for name, field in wanted.items()}
    text = reader.correct(text)
    typed, problems = TYPING_RULES[kind](text, source)
    problems += [(reason, condition(text)) for reason, condition in reader.refusals]
    reason = F.coalesce(F.col("reason"), *(F.when(bad, F.lit(name)) for name, bad in _ids_first(problems)))
    return raw.select(*_LINE_COLUMNS, reason.alias("reason"), *(typed[name].alias(name) for name in typed))


def _ids_first(problems: list[tuple[str, "Column"]]) -> list[tuple[str, "Column"]]:
    """A line without its ids says nothing else, so that is its reason whatever more is wrong with it."""
    ids = ("missing_user", "missing_item", "service_item")
    return sorted(problems, key=lambda problem: ids.index(problem[0]) if problem[0] in ids else len(ids))
