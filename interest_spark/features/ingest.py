"""What becomes of raw lines of any kind: quarantined ones, and the ledger that proves that nothing was lost."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl

from interest_spark.schemas.reasons import IGNORED
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
        refused = rows.filter(is_refused()).select(*TABLES["quarantine"].names, "dt")
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


def is_refused() -> pl.Expr:
    """Whether a typed row goes to quarantine: it has a reason, and is not one that is left out."""
    return pl.col("reason").is_not_null() & (pl.col("reason") != IGNORED)


def count_by(rows: pl.DataFrame, *by: pl.Expr | str) -> dict[Any, int]:
    """How many rows have each value of one key, or each tuple of several."""
    found = rows.group_by(*by).len().iter_rows()
    return {key[0] if len(key) == 1 else tuple(key): count for *key, count in found}


def count_special(rows: pl.DataFrame, *by: str) -> Counter[tuple[Any, ...]]:
    """Rows beyond the first of their lines, `exploded`, and with `unread_values`, by these columns and the word."""
    found = Counter[tuple[Any, ...]]()
    for name, is_it in (("exploded", pl.col("element") > 0), ("unread_values", pl.col("unread").is_not_null())):
        special = rows.filter(is_it)
        for *key, count in special.group_by(by).len().iter_rows() if len(special) else ():
            found[*key, name] = count
    return found


LEDGER_COUNTS = tuple(name for name in TABLES["ingest_ledger"].names if name != "source_file")


def fates_of(reason: str, rows: int) -> dict[str, int]:
    """What rows with that reason, "" for good ones, add to a file's counts; whether good ones are copies is open."""
    return {
        "raw_lines": rows,
        "quarantined": rows if reason not in ("", IGNORED) else 0,
        "ignored": rows * (reason == IGNORED),
    }


def write_ledger(
    folder: str, kind: str, dt: str, lines: Mapping[tuple[str, str], int], beside: Mapping[tuple[str, str], int]
) -> list[str]:
    """What became of the rows of each file, by `file, reason`, "" for good ones: none of them is a duplicate.

    `beside` has each file's `exploded` rows and those with `unread_values`. Returns the paths of the files.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (file, reason), rows in lines.items():
        counts[file].update(fates_of(reason, rows), accepted=0 if reason else rows)
    for (file, name), rows in beside.items():
        counts[file].update({name: rows, "raw_lines": -rows if name == "exploded" else 0})
    schema = {"source_file": pl.String, **dict.fromkeys(LEDGER_COUNTS, pl.Int64)}
    found = [(file, *(counts[file][name] for name in LEDGER_COUNTS)) for file in sorted(counts)]
    ledger = pl.DataFrame(found, schema, orient="row")
    return write_days(
        folder, "ingest_ledger", ledger.with_columns(pl.lit(kind).alias(SLICED_BY["ingest_ledger"]), dt=pl.lit(dt)), 0
    )
