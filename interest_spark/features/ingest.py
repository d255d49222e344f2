"""Canonical rows of a delivery to quarantined lines and the ledger that proves nothing was lost."""

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def quarantine_of(rows: "DataFrame") -> "DataFrame":
    """Refused lines as they were written, each with its reason."""
    return rows.where(F.col("reason").isNotNull()).select(*TABLES["quarantine"].names, "dt")


def ledger_of(rows: "DataFrame") -> "DataFrame":
    """Counts per file and day: raw lines, and what became of them; none of them is a duplicate."""
    refused = F.count(F.when(F.col("reason").isNotNull(), 1))
    counts = rows.groupBy("source_file", "dt").agg(F.count("*").alias("raw_lines"), refused.alias("quarantined"))
    accepted = F.col("raw_lines") - F.col("quarantined")
    return counts.select(
        "source_file",
        "raw_lines",
        accepted.alias("accepted"),
        F.lit(0).cast("bigint").alias("duplicates"),
        "quarantined",
        "dt",
    )
