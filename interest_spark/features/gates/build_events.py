"""Figures of whole days, by vectorised tasks: one sums up a file, one for each day measures the sums."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.features.gates.events import (
    COLUMNS,
    EventRules,
    measure_events,
    measure_lines,
    sum_events,
    sum_of_day_before,
)
from interest_spark.features.gates.judge import Measured
from interest_spark.platform.tasks import exchange
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.committed_files import read_committed
from interest_spark.storage.damage import reading
from interest_spark.storage.file_stores import readable
from interest_spark.storage.layout import NAMES_OF_RELEASE_0_1
from interest_spark.storage.parts import empty_frame, read_columns, read_pieces
from interest_spark.storage.table_schemas import file_schema

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_FOLLOWED = 200_000
"""About how many events of a day are followed by user and item."""


@dataclass(frozen=True)
class DayToMeasure:
    """A day's files: of its `events`, in all so many `rows`; of the events of the delivery `before`; of the ledger, of
    refused event lines, and of the items known as of the day, if there are any.
    """

    day: str
    rows: int
    events: Sequence[str]
    before: Sequence[str]
    ledger: Sequence[str]
    refused: Sequence[str]
    items: Sequence[str]
    zone: str

    @property
    def rules(self) -> EventRules:
        return EventRules(self.zone, max(1, self.rows // _FOLLOWED))

    def measure(self, sums: Sequence[pl.DataFrame]) -> list[Measured]:
        """All figures of the day, from the sums of all its files."""
        ledger = _ledger(self.ledger)
        reasons = read_columns(self.refused, reason=pl.String)
        catalogue = read_columns(self.items, item_id=pl.String, category=pl.String) if self.items else None
        nothing = sum_events(empty_frame("events"), self.day, self.rules)
        every = pl.concat([nothing, *sums])
        return [*measure_lines(ledger, reasons), *measure_events(every, catalogue, self.rules)]


@dataclass(frozen=True)
class _File:
    """A file of events, the place of the day whose own it is, and that of the day that it is `before`, of many."""

    path: str
    own: int | None
    before: int | None


def measure_days(spark: "SparkSession", days: Sequence[DayToMeasure]) -> list[list[Measured]]:
    """The figures of each day, in one Spark job however many days there are."""
    own = {path: place for place, day in enumerate(days) for path in day.events}
    before = {path: place for place, day in enumerate(days) for path in day.before}
    files = [_File(path, own.get(path), before.get(path)) for path in sorted({*own, *before})]

    def split(file: _File) -> Iterator[Mapping[int, pl.DataFrame]]:
        for rows in read_pieces(file.path, _columns_in(file.path)):
            events = _with_every_column(rows)
            if file.own is not None:
                yield {file.own: sum_events(events, days[file.own].day, days[file.own].rules)}
            if file.before is not None:
                yield {file.before: sum_of_day_before(events, days[file.before].rules)}

    def combine(place: int, sums: list[pl.DataFrame]) -> Iterator[list[Measured]]:
        yield days[place].measure(sums)

    return exchange(spark, files, split, len(days), combine)


def _ledger(files: Sequence[str]) -> pl.DataFrame:
    """Rows of `ingest_ledger`; those of release 0.1 do not name their kind, of which there was one."""
    schema = file_schema("ingest_ledger")
    rows = pl.from_arrow(pa.concat_tables([schema.empty_table(), *(read_committed(file, schema) for file in files)]))
    assert isinstance(rows, pl.DataFrame)
    return rows.with_columns(pl.col("kind").fill_null(NAMES_OF_RELEASE_0_1["kind"]))


def _columns_in(path: str) -> list[str]:
    """Those of COLUMNS that a file has, which an earlier release may have written."""
    with reading(path), readable(path) as source:
        held = pq.read_schema(source).names
    return [name for name in COLUMNS if name in held]


def _with_every_column(rows: pl.DataFrame) -> pl.DataFrame:
    types = pl.DataFrame(TABLES["events"].empty_table()).schema
    return rows.with_columns(pl.lit(None, types[name]).alias(name) for name in COLUMNS if name not in rows.columns)
