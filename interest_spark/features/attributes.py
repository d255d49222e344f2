"""Item and user attributes, the latest known value of each as of the day, by vectorised tasks in two rounds.

Lists of people are kept in the same way: whoever has been on one stays on it.

The first round reads and types every delivered line and writes the refused ones; it tells the driver what it has
counted, and the driver whether the delivery is fit to be published. The second brings the rows of each key together
with what was known the day before.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Generic, TypeVar

import polars as pl

from interest_spark.features.day_files import DayFile
from interest_spark.features.examples import Example, examples_in, unread_in
from interest_spark.features.ingest import RefusedLines, count_by, count_special
from interest_spark.platform.tasks import by_bucket, prepared
from interest_spark.storage.buckets import buckets_for
from interest_spark.storage.parts import empty_frame, read_table_pieces, write_days

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

T = TypeVar("T")

_BYTES_A_BUCKET = 256 << 20  # in memory
_IN_MEMORY = 10  # times the bytes of a file
_NO_TIME = datetime(1970, 1, 1, tzinfo=timezone.utc)
_PLACE = ("source_file", "source_line")


@dataclass(frozen=True)
class Account:
    """What a task of the first round has found.

    `lines` by delivery day (None: a file without one), file and reason, "" for good ones; rows `beside` by file and
    the ledger's column that they are counted in, too; the `faults` of files that
    cannot be read to their end, and `notes` on others; the paths of the `refused` lines' files, and one line of each
    reason in `examples`; the good rows' `bytes`.
    """

    lines: Counter[tuple[str | None, str, str]] = field(default_factory=Counter)
    beside: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    examples: dict[str, Example] = field(default_factory=dict)
    bytes: int = 0


@dataclass(frozen=True)
class AttributeBuild(Generic[T]):
    """`read` gives the typed rows of an input as sources.canonical has them, of the `table` whose rows `keys` name.

    What is known is what was delivered or updated before `end`, the end of the day `dt`, or, `by_delivery`, what was
    delivered for the day or one before it, whatever time stands in it; `folders` are those of the table and, where
    refused lines are to be kept, of `quarantine`. `zone` is the shop's.
    """

    table: str
    keys: tuple[str, ...]
    read: Callable[[T], Iterator[pl.DataFrame]]
    dt: str
    end: datetime
    folders: Mapping[str, str]
    zone: str = "UTC"
    by_delivery: bool = False

    def prepare(self, each: T) -> "Iterator[pl.DataFrame | Account]":
        """The good rows of an input, and at last its account; writes the refused ones."""
        lines, faults, notes, size = Counter[tuple[str | None, str, str]](), list[str](), set[str](), 0
        examples: dict[str, Example] = {}
        beside = Counter[tuple[str, str]]()
        refused = RefusedLines(self.folders.get("quarantine"), self.table)
        for read in map(self.judged, self.read(each)):
            faults.extend(read["file_fault"].drop_nulls())
            notes.update(read["file_note"].drop_nulls())
            rows = read.filter(pl.col("file_fault").is_null())
            lines.update(count_by(rows, "delivery_day", "source_file", pl.col("reason").fill_null("")))
            beside.update(count_special(rows, "source_file"))
            known = self.known(rows)
            size += int(known.estimated_size())
            if len(known):
                yield known
            refused.add(rows.with_columns(dt=pl.lit(self.dt)))
            examples = examples_in(rows) | unread_in(rows) | examples
        yield Account(lines, beside, faults, sorted(notes), refused.close(), examples, size)

    def judged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with what else they are refused for."""
        return rows

    def known(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Good rows, as of their update, without one as of their delivery, that are no later than the day."""
        columns = empty_frame(self.table).schema
        delivered = pl.col("delivery_day").str.to_date("%Y-%m-%d").cast(columns["updated_at"])
        delivered_later = (pl.col("updated_at").is_null() & (pl.col("delivery_day") > self.dt)).fill_null(value=False)
        good = rows.filter(pl.col("reason").is_null() & ~delivered_later)
        good = good.with_columns(updated_at=pl.coalesce("updated_at", delivered))
        in_time = pl.col("updated_at").is_null() | (pl.col("updated_at") < self.end)
        if self.by_delivery:
            in_time = pl.coalesce(pl.col("delivery_day") <= self.dt, in_time)
        good = good.filter(in_time)
        return good.select(*(pl.col(name).cast(kind) for name, kind in columns.items()), *_PLACE)

    def earlier(self, file: DayFile) -> Iterator[pl.DataFrame]:
        """What was known the day before: older than anything delivered since with the same time."""
        for rows in read_table_pieces(file.path, self.table):
            yield rows.with_columns(source_file=pl.lit(""), source_line=pl.lit(0, pl.Int64))

    def combine(self, bucket: int, frames: Sequence[pl.DataFrame]) -> Iterator[str]:
        """Writes one row a key: each attribute's newest value.

        The place of a line breaks ties, so that the same deliveries always give the same row.
        """
        if not frames:
            return
        rows = pl.concat(frames).sort(pl.col("updated_at").fill_null(_NO_TIME), *_PLACE)
        values = [name for name in empty_frame(self.table).columns if name not in (*self.keys, "updated_at")]
        newest = rows.group_by(*self.keys).agg(
            *(pl.col(name).drop_nulls().last() for name in values), pl.col("updated_at").max()
        )
        yield from write_days(
            self.folders[self.table], self.table, newest.sort(*self.keys).with_columns(dt=pl.lit(self.dt)), bucket
        )


def build_attributes(
    spark: "SparkSession",
    build: AttributeBuild[T],
    inputs: Sequence[T],
    earlier: Sequence[DayFile],
    check: Callable[[Sequence[Account]], None],
) -> dict[str, list[str]]:
    """Write the table and the refused lines; returns the paths of their files. Before the second round `check` may
    raise.
    """
    with prepared(spark, inputs, build.prepare) as first:
        accounts = first.notes
        check(accounts)
        size = sum(each.bytes for each in accounts) + _IN_MEMORY * sum(file.size for file in earlier)
        buckets = buckets_for(size, _BYTES_A_BUCKET)

        def route(rows: pl.DataFrame) -> Mapping[int, pl.DataFrame]:
            return by_bucket(rows, build.keys[0], buckets) if buckets > 1 else {0: rows}

        def split(file: DayFile) -> Iterator[Mapping[int, pl.DataFrame]]:
            yield from map(route, build.earlier(file))

        written = first.exchange(earlier, split, route, buckets, build.combine)
    refused = [path for account in accounts for path in account.refused]
    return {build.table: written, "quarantine": refused}
