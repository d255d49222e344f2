"""The tables `events`, `quarantine` and `ingest_ledger` of a delivery, built by vectorised tasks in two rounds.

The first round reads and types every raw line and writes the refused ones; it tells the driver what it has counted,
and the driver whether the delivery is fit to be published. The second brings copies together and writes what is new.
Every raw line ends as exactly one of: accepted, duplicate, quarantined.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil
from typing import TYPE_CHECKING, Generic, TypeVar

import polars as pl
import pyarrow.parquet as pq

from interest_spark.features.events.buckets import event_days, plan_buckets
from interest_spark.features.events.days import DayRules
from interest_spark.features.events.duplicates import mark_duplicates
from interest_spark.features.examples import Example, examples_in, unread_in
from interest_spark.features.ingest import LEDGER_COUNTS, RefusedLines, count_by, count_special, fates_of
from interest_spark.features.quality import until_too_many_bad_lines
from interest_spark.platform.tasks import by_bucket, exchange, prepared
from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.storage.damage import reading
from interest_spark.storage.file_stores import readable
from interest_spark.storage.parts import read_table_pieces, write_days

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

T = TypeVar("T")

_EVENTS = TABLES["events"].names
_KIND = "events"  # what the slices of the two tables are called that hold lines of other kinds as well
_BYTES_A_ROW = 125  # of text, in an ordinary one
_KNOWN_AT_ONCE = 250_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Account:
    """What a task of the first round has found.

    `lines` by file, day and reason, "" for good ones, where a line with many events counts as so many; rows `beside`
    by file, day and the ledger's column that they are counted in, too; the `weights` of good ones by the event days of
    `buckets`; the `faults` of files that cannot be read to their end, and `notes` on others; the paths of the
    `refused` lines' files; and one line of each reason, and of each loss of a value, in `examples`.
    """

    lines: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    beside: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    weights: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    examples: dict[str, Example] = field(default_factory=dict)


@dataclass(frozen=True)
class Fates:
    """What a task of the second round has done: the files it wrote, and `accepted, duplicates` by file and day."""

    files: list[str]
    lines: Mapping[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True)
class KnownFile:
    """A committed file of events of a day before those that are made."""

    path: str
    day: str


@dataclass(frozen=True)
class EventBuild(Generic[T]):
    """`read` gives the typed rows of an input as sources.canonical has them; `folders` are those of the three tables.

    Rows that are equal in `keys` are copies of one event.
    """

    read: Callable[[T], Iterator[pl.DataFrame]]
    rules: DayRules
    keys: Sequence[str]
    folders: Mapping[str, str]

    def prepare(self, each: T) -> "Iterator[pl.DataFrame | Account]":
        """The good rows of an input, and at last its account; writes the refused ones."""
        account = Account()
        refused = RefusedLines(self.folders["quarantine"], _KIND)
        for read in until_too_many_bad_lines(map(self.rules.assign, self.read(each)), self.rules.ingest):
            account.faults.extend(read["file_fault"].drop_nulls())
            account.notes.extend(read["file_note"].unique().drop_nulls())
            rows = read.filter(pl.col("file_fault").is_null())
            account.lines.update(count_by(rows, "source_file", "dt", pl.col("reason").fill_null("")))
            account.beside.update(count_special(rows, "source_file", "dt"))
            good = rows.filter(pl.col("reason").is_null()).select(*_EVENTS, "dt")
            account.weights.update(_weights(good))
            if len(good):
                yield good
            refused.add(rows)
            account.examples.update(examples_in(rows) | unread_in(rows) | account.examples)
        account.refused.extend(refused.close())
        yield account

    def combine(self, bucket: int, frames: Sequence[pl.DataFrame]) -> Iterator[Fates]:
        """Writes the bucket's new events: the first line, in the order of day, file and line, of each event."""
        new = [frame for frame in frames if "dt" in frame.columns]
        if not new:
            return
        rows = pl.concat(new)  # in the order of file and line
        if not rows["dt"].is_sorted():
            rows = rows.sort("dt", maintain_order=True)
        known = pl.concat([rows.select(self.keys).clear(), *(frame for frame in frames if "dt" not in frame.columns)])
        duplicate = mark_duplicates(rows, known, self.keys)
        fates = (
            rows.select("source_file", "dt", duplicate=duplicate)
            .group_by("source_file", "dt")
            .agg(accepted=(~pl.col("duplicate")).sum(), duplicates=pl.col("duplicate").sum())
        )
        lines = {(file, day): (accepted, copies) for file, day, accepted, copies in fates.iter_rows()}
        yield Fates(_write(self.folders["events"], "events", rows.filter(~duplicate), bucket), lines)


def build_events(
    spark: "SparkSession",
    build: EventBuild[T],
    inputs: Sequence[T],
    known: Sequence[KnownFile],
    check: Callable[[Sequence[Account]], None],
) -> dict[str, list[str]]:
    """Write the three tables; returns the paths of their files. Before the second round `check` may raise."""
    with prepared(spark, inputs, build.prepare) as first:
        accounts = first.notes
        check(accounts)
        buckets = plan_buckets(build.keys, _rows_by_day(accounts, known), spark.sparkContext.defaultParallelism)

        def split(file: KnownFile) -> Iterator[dict[int, pl.DataFrame]]:
            for rows in read_table_pieces(file.path, "events", build.keys):
                for part in rows.iter_slices(_KNOWN_AT_ONCE):
                    yield buckets.split(part)

        fates = first.exchange(known, split, buckets.split, buckets.count, build.combine)
    return {
        "quarantine": [path for account in accounts for path in account.refused],
        "ingest_ledger": _write_ledger(spark, build.folders["ingest_ledger"], accounts, fates),
        "events": [path for each in fates for path in each.files],
    }


def _weights(rows: pl.DataFrame) -> dict[int, int]:
    """How many ordinary rows take as much memory as those of each event day."""
    texts = rows.select(pl.col(pl.String).str.len_bytes().sum().fill_null(0))
    factor = max(1.0, sum(texts.row(0)) / max(len(rows), 1) / _BYTES_A_ROW)
    return {day: ceil(count * factor) for day, count in count_by(rows, event_days()).items()}


def _rows_by_day(accounts: Sequence[Account], known: Sequence[KnownFile]) -> Mapping[int, int]:
    """The rows of each event day that has new ones; of `known` files, that of their day stands for their event days."""
    rows: Counter[int] = Counter()
    for account in accounts:
        rows.update(account.weights)
    for file in known:
        day = (date.fromisoformat(file.day) - _EPOCH).days
        if day in rows:
            with reading(file.path), readable(file.path) as source:
                rows[day] += pq.read_metadata(source).num_rows
    return rows


def _write(folder: str, table: str, rows: pl.DataFrame, number: int = 0) -> list[str]:
    if table in SLICED_BY:
        rows = rows.with_columns(pl.lit(_KIND).alias(SLICED_BY[table]))
    return write_days(folder, table, rows, number)


def _write_ledger(spark: "SparkSession", folder: str, accounts: Sequence[Account], fates: Sequence[Fates]) -> list[str]:
    """What became of the lines of each file and day; in tasks, for a history may have thousands of days."""
    rows, cores = _ledger(accounts, fates), spark.sparkContext.defaultParallelism

    def split(ledger: pl.DataFrame) -> Iterator[Mapping[int, pl.DataFrame]]:
        yield by_bucket(ledger, "dt", cores)

    def combine(bucket: int, frames: Sequence[pl.DataFrame]) -> Iterator[str]:
        for frame in frames:
            yield from _write(folder, "ingest_ledger", frame, bucket)

    return exchange(spark, [rows], split, cores, combine)


def _ledger(accounts: Sequence[Account], fates: Sequence[Fates]) -> pl.DataFrame:
    """A row a file and day."""
    ledger: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for account in accounts:
        for (file, day, reason), lines in account.lines.items():
            ledger[file, day].update(fates_of(reason, lines))
        for (file, day, name), rows in account.beside.items():
            ledger[file, day].update({name: rows, "raw_lines": -rows if name == "exploded" else 0})
    for each in fates:
        for place, (accepted, duplicates) in each.lines.items():
            ledger[place].update(accepted=accepted, duplicates=duplicates)
    found = [(file, day, *(counts[name] for name in LEDGER_COUNTS)) for (file, day), counts in sorted(ledger.items())]
    schema = {"source_file": pl.String, "dt": pl.String, **dict.fromkeys(LEDGER_COUNTS, pl.Int64)}
    return pl.DataFrame(found, schema, orient="row")
