"""Canonical rows of a delivery to quarantined lines and the ledger that proves nothing was lost."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl
from pyspark.sql import functions as F

from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.storage.parts import write_days

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def quarantine_of(rows: "DataFrame") -> "DataFrame":
    """Refused lines as they were written, each with its reason."""
    return rows.where(F.col("reason").isNotNull()).select(*TABLES["quarantine"].names, "dt")


def write_ledger(folder: str, kind: str, dt: str, lines: Mapping[tuple[str, str], int]) -> list[str]:
    """What became of the lines of each file, by `file, reason`, "" for good ones: none of them is a duplicate.

    Returns the paths of the files.
    """
    raw, refused = Counter[str](), Counter[str]()
    for (file, reason), count in lines.items():
        raw[file] += count
        refused[file] += count if reason else 0
    names = ("source_file", "raw_lines", "accepted", "duplicates", "quarantined")
    schema = {name: pl.String if name == "source_file" else pl.Int64 for name in names}
    rows = [(file, raw[file], raw[file] - refused[file], 0, refused[file]) for file in sorted(raw)]
    ledger = pl.DataFrame(rows, schema, orient="row")
    return write_days(
        folder, "ingest_ledger", ledger.with_columns(pl.lit(kind).alias(SLICED_BY["ingest_ledger"]), dt=pl.lit(dt)), 0
    )
