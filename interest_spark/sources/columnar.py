"""Parquet and ORC files to the columns of text that lines of JSON with the same values would give.

A row has its number in the file, from 1, and as its raw text the mapped values as a JSON object. A timestamp with a
zone is an instant, and one without is local time of the source's `time_zone`; both come as ISO texts.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.exceptions import ComputeError
from pyarrow import orc

from interest_spark.config.source import SourceConfig
from interest_spark.sources.faults import UnreadableFileError
from interest_spark.sources.line_columns import LineColumns
from interest_spark.sources.lines import Places
from interest_spark.sources.packing import ends_of, kind_of
from interest_spark.sources.pieces import Piece
from interest_spark.sources.raw_paths import open_raw
from interest_spark.sources.stripes import stripes_between

_ROWS_AT_ONCE = 1 << 15
_KINDS = {"parquet": "a Parquet file", "orc": "an ORC file"}
_TIMES = ("event_time", "updated_at")
_RAW_CHARACTERS = 10_000
_FAULTS = (pa.ArrowException, OSError, ValueError, KeyError)


@dataclass(frozen=True)
class ColumnarFile:
    """An open file: the `names` of its columns, and of those of `fields` that are within one."""

    names: Sequence[str]
    _piece: Piece
    _file: Any
    _source: SourceConfig
    _fields: Sequence[str]

    def read(self, max_line_bytes: int) -> Iterator[tuple[Places, LineColumns]]:
        """The numbers of the piece's rows and their columns, some ten thousand at a time.

        Raises UnreadableFileError where the file is damaged, or has timestamps that no text can stand for.
        """
        try:
            for first, batch in self._batches():
                frame = pl.from_arrow(pa.Table.from_batches([batch]))
                assert isinstance(frame, pl.DataFrame)
                columns = [self._texts(frame, field) for field in self._fields]
                yield np.arange(first, first + len(frame)), _line_columns(columns, self._fields, max_line_bytes)
        except _FAULTS as error:
            raise UnreadableFileError(f"{self._piece.path} cannot be read: {error}; deliver it again") from None

    def first_rows(self, count: int) -> Sequence[str]:
        """All columns of the first rows, as lines of JSON."""
        lines: list[str] = []
        for _, batch in self._batches([*self.names]):
            frame = pl.from_arrow(pa.Table.from_batches([batch.slice(0, count - len(lines))]))
            assert isinstance(frame, pl.DataFrame)
            texts = [
                _as_text(column, is_utc=self._is_old_timestamp(column.name)).alias(column.name)
                if column.dtype.is_temporal()
                else column
                for column in frame
            ]
            lines += (
                json.dumps(row, ensure_ascii=False, default=str) for row in pl.DataFrame(texts).iter_rows(named=True)
            )
            if len(lines) >= count:
                break
        return lines

    def _batches(self, columns: Sequence[str] | None = None) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Each with the number of its first row; by default with the columns that the fields are in."""
        wanted = columns or sorted({name for field in self._fields if (name := _top(field, self.names))})
        number, piece = 1, self._piece
        if self._source.format == "orc":
            number = piece.first_line
            size = self._file.file_length if piece.size is None else piece.size
            for stripe in stripes_between(piece.start, piece.end, size, self._file.nstripes):
                batch = self._file.read_stripe(stripe, columns=wanted)
                for start in range(0, len(batch), _ROWS_AT_ONCE):
                    yield number + start, batch.slice(start, _ROWS_AT_ONCE)
                number += len(batch)
            return
        for group in range(self._file.metadata.num_row_groups):
            found = self._file.metadata.row_group(group)
            if self._is_within(found):
                row = number
                for batch in self._file.iter_batches(_ROWS_AT_ONCE, row_groups=[group], columns=wanted):
                    yield row, batch
                    row += len(batch)
            number += found.num_rows

    def _is_within(self, group: Any) -> bool:
        """A row group is of the piece in which its first page begins."""
        begin = group.column(0).dictionary_page_offset or group.column(0).data_page_offset
        return self._piece.start <= begin and (self._piece.end is None or begin < self._piece.end)

    def _texts(self, frame: pl.DataFrame, field: str) -> "tuple[pl.Series, pl.Series]":
        """The values of a field as texts, and which of them are bytes that are no text."""
        top = _top(field, self.names)
        if top is None:
            nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(frame))
            return nothing, nothing.is_not_null()
        column = frame[top]
        for name in field.removeprefix(top).removeprefix(".").split(".") if field != top else ():
            column = column.struct.field(name)
        is_time = field in [self._source.columns.get(name) for name in _TIMES]
        if is_time and column.dtype.is_temporal() and self._source.time_format != "iso":
            raise UnreadableFileError(
                f"{self._piece.path} has timestamps in the column {field!r}; set the source's time_format to iso"
            )
        texts = _as_text(column, is_utc=self._is_old_timestamp(field))
        return texts, texts.is_null() & column.is_not_null()

    def _is_old_timestamp(self, field: str) -> bool:
        """Whether the column is of the type in which Hive, Impala and older Sparks write instants without saying so."""
        if self._source.format == "orc":
            return False
        schema = self._file.schema
        return any(
            schema.column(place).path == field and schema.column(place).physical_type == "INT96"
            for place in range(len(schema))
        )


@contextmanager
def open_columnar(piece: Piece, source: SourceConfig, fields: Sequence[str]) -> Iterator[ColumnarFile]:
    """Open a file of the source's format. Raises UnreadableFileError for one that is damaged, or of another kind."""
    path, kind = piece.path, _KINDS[source.format]
    try:
        with open_raw(path, piece.size) as raw:
            found = kind_of(*ends_of(raw))
            if found != kind:
                raise UnreadableFileError(
                    f"{path} is {found or f'not {kind}'}; set the source's format to what it is, or deliver it again"
                )
            file = (
                orc.ORCFile(pa.PythonFile(raw, mode="r"))
                if source.format == "orc"
                else pq.ParquetFile(raw, coerce_int96_timestamp_unit="us")
            )
            schema = file.schema if source.format == "orc" else file.schema_arrow
            within = [field for field in fields if field not in schema.names and _is_within(field, schema)]
            yield ColumnarFile([*schema.names, *within], piece, file, source, fields)
    except _FAULTS as error:
        raise UnreadableFileError(f"{path} cannot be read: {error}; deliver it again") from None


def table_format_of(path: str, size: int | None) -> str | None:
    """The format of a file that is no text, whatever it is called. Raises UnreadableFileError for one out of reach."""
    try:
        with open_raw(path, size) as raw:
            found = kind_of(*ends_of(raw))
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error}; deliver it again") from None
    return next((name for name, kind in _KINDS.items() if kind == found), None)


def first_rows(piece: Piece, table_format: str, count: int) -> Sequence[str]:
    """The first rows with all their columns, as lines of JSON."""
    source = SourceConfig(path=piece.path, format=table_format)  # type: ignore[arg-type]
    with open_columnar(piece, source, ()) as file:
        return file.first_rows(count)


def _is_within(field: str, schema: pa.Schema) -> bool:
    """Whether a name with dots leads to a value within a column."""
    top, *inner = field.split(".")
    if top not in schema.names or not inner:
        return False
    kind = schema.field(top).type
    for name in inner:
        if not pa.types.is_struct(kind) or kind.get_field_index(name) < 0:
            return False
        kind = kind.field(name).type
    return True


def _top(field: str, names: Sequence[str]) -> str | None:
    """The column that has the field; None where the file has none."""
    if field not in names:
        return None
    top = field.partition(".")[0]
    return top if "." in field and top in names else field


def _as_text(column: pl.Series, *, is_utc: bool) -> pl.Series:
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        zoned = is_utc or kind.time_zone is not None
        instants = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if kind.time_zone else column
        return instants.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f" + ("Z" if zoned else ""))
    if kind == pl.List(pl.String):
        return column.list.join("|")  # as of JSON
    if kind.is_nested():
        texts = [None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in column]
        return pl.Series(texts, dtype=pl.String)
    return _decoded(column) if kind == pl.Binary else column.cast(pl.String)


def _decoded(column: pl.Series) -> pl.Series:
    """Bytes, as some writers leave their texts; null where they are not UTF-8."""
    try:
        return column.cast(pl.String)
    except ComputeError:
        texts = (None if value is None else value.decode(errors="ignore") for value in column)
        known = pl.Series(texts, dtype=pl.String)
        return known.set(known.cast(pl.Binary) != column, None)


def _line_columns(
    columns: "Sequence[tuple[pl.Series, pl.Series]]", fields: Sequence[str], max_line_bytes: int
) -> LineColumns:
    """Rows that no line could be are refused as such a line is."""
    rows = pl.DataFrame([texts.alias(field) for (texts, _), field in zip(columns, fields, strict=True)])
    raw = rows.select(raw=pl.struct(pl.all()).struct.json_encode())["raw"]
    reason = pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))
    for texts, is_no_text in columns:
        reason = reason.set(is_no_text, "invalid_utf8")
        reason = reason.set(texts.str.contains("\0", literal=True).fill_null(value=False), "nul_byte")
    too_long = raw.str.len_bytes() > max_line_bytes
    if too_long.any():
        reason = reason.set(too_long, "line_too_long")
        raw = raw.set(too_long, None).fill_null(raw.str.slice(0, _RAW_CHARACTERS))
    if reason.null_count() == len(reason):
        return LineColumns(raw, reason, [texts for texts, _ in columns])
    return LineColumns(raw, reason, [texts.set(reason.is_not_null(), None) for texts, _ in columns])
