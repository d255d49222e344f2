"""What becomes of raw lines of any kind: quarantined ones, and the ledger that proves that nothing was lost."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.storage.parts import write_days

_HELD_BYTES = 16 << 20
_BYTES_BESIDE_TEXT = 64  # of a refused line: its place, its reason and its day


class RefusedLines:
    """A task's refused lines, written as they were with their reasons: whenever they take much memory, and at last.

    Without a `folder` none are kept.
    """

    def __init__(self, folder: str | None, kind: str) -> None:
        self._folder, self._kind = folder, kind
        self._held: list[pl.DataFrame] = []
        self._bytes = 0
        self._written: list[str] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Take those of the typed rows, with `dt`, that have a reason."""
        if self._folder is None:
            return
        refused = rows.filter(pl.col("reason").is_not_null()).select(*TABLES["quarantine"].names, "dt")
        self._held.append(refused)
        self._bytes += int(refused["raw"].str.len_bytes().sum()) + _BYTES_BESIDE_TEXT * len(refused)
        if self._bytes > _HELD_BYTES:
            self._write()

    def close(self) -> list[str]:
        """Write what is left; returns the paths of all files."""
        self._write()
        return self._written

    def _write(self) -> None:
        if self._held and self._folder is not None:
            rows = pl.concat(self._held).with_columns(pl.lit(self._kind).alias(SLICED_BY["quarantine"]))
            self._written += write_days(self._folder, "quarantine", rows, 0)
        self._held, self._bytes = [], 0


def count_by(rows: pl.DataFrame, *by: pl.Expr | str) -> dict[Any, int]:
    """How many rows have each value of one key, or each tuple of several."""
    found = rows.group_by(*by).len().iter_rows()
    return {key[0] if len(key) == 1 else tuple(key): count for *key, count in found}


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
