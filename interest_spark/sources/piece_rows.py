"""A piece of a raw file to rows of text. Runs in Spark's Python workers."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import polars as pl

from interest_spark.config.source import TEXT_FORMATS, SourceConfig
from interest_spark.sources.candidates import Format
from interest_spark.sources.chunks import CHUNK_BYTES, read_lines
from interest_spark.sources.columnar import open_columnar
from interest_spark.sources.csv_records import joined, without
from interest_spark.sources.delimited import Delimited
from interest_spark.sources.dialect import Dialect
from interest_spark.sources.faults import UnreadableFileError
from interest_spark.sources.header import Header, check_columns, header_of
from interest_spark.sources.json_lines import JsonLines
from interest_spark.sources.line_columns import LineColumns, decode_lines
from interest_spark.sources.lines import Lines, Places
from interest_spark.sources.pieces import Piece
from interest_spark.sources.raw_fields import RawFields

LINE_COLUMNS = (
    *("delivery_day", "source_file", "source_line", "raw", "reason", "file_fault", "file_note"),
    *("element", "unread"),
)
"""`element` numbers the events of a line from 0; `unread` names columns whose values could not be read."""


def read_piece(
    piece: Piece, source: SourceConfig, fields: RawFields, max_line_bytes: int, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[pl.DataFrame]:
    """Every data line as a row, and a row of line 0 with the fault of a file that cannot be read to its end.

    `LINE_COLUMNS`, and a text column a field: `field_0`, `field_1`, … in the order of `fields`. What is odd about a
    file that can be read is the `file_note` of its first rows.
    """
    try:
        if source.format not in TEXT_FORMATS:
            yield from _columnar_rows(piece, source, fields, max_line_bytes)
            return
        line_format, lines, note = _opened(piece, source, fields, max_line_bytes, chunk_bytes)
        for part in lines:
            columns = decode_lines(part, line_format, len(fields), max_line_bytes)
            yield _rows(piece, part.numbers, columns, note=note)
            note = None
    except UnreadableFileError as error:
        nothing = pl.Series([None], dtype=pl.String)
        columns = LineColumns(nothing, nothing, [nothing] * len(fields))
        yield _rows(piece, np.zeros(1, np.int64), columns, fault=str(error))


def _columnar_rows(
    piece: Piece, source: SourceConfig, fields: RawFields, max_line_bytes: int
) -> Iterator[pl.DataFrame]:
    """The rows of Parquet and ORC; the first piece of a file tells of its columns."""
    with open_columnar(piece, source, fields.names) as file:
        if piece.start == 0:
            check_columns(piece.path, ", ".join(file.names), file.names, fields.required)
        note = None if piece.start else _note(piece, Header(file.names, 0), fields)
        for numbers, columns in file.read(max_line_bytes):
            yield _rows(piece, numbers, columns, note=note)
            note = None


def _opened(
    piece: Piece, source: SourceConfig, fields: RawFields, max_line_bytes: int, chunk_bytes: int
) -> tuple[Format, Iterator[Lines], str | None]:
    """How the piece is to be decoded, its lines of data, and what is odd about its file if the piece is the first."""
    is_json = source.format == "jsonl"
    lines = read_lines(piece, max_line_bytes, chunk_bytes, source.encoding, may_hold_documents=is_json)
    if is_json:
        whole = source.explode.field if source.explode else None
        return JsonLines(fields.names, fields.numbers, whole), lines, None
    last: list[Lines] = []
    above = (
        _keeping(lines, last)
        if piece.start == 0
        else read_lines(Piece(None, piece.path, size=piece.size), max_line_bytes, encoding=source.encoding)
    )
    if piece.start == 0 and piece.end is not None:
        above = chain(above, _lines_below(piece, last, source, max_line_bytes))
    try:
        header = header_of(piece.path, source, fields.required, above, max_line_bytes)
    except UnreadableFileError:
        if piece.start:  # the first piece of the file says it
            return JsonLines(fields.names), iter(()), None
        raise
    names = header.names or fields.names  # without a header there is no line
    note = None if piece.start else _note(piece, header, fields)
    dialect = Dialect.of(source)
    records = joined(_below(header, chain(last, lines)), dialect, len(names), max_line_bytes)
    return Delimited(names, fields.names, dialect), without(records, source.comment, header.content), note


def _note(piece: Piece, header: Header, fields: RawFields) -> str | None:
    """What is odd about the columns of the file."""
    missing = fields.missing_in(header.names) if header.names else ()
    notes = [("has more than once the column", header.repeated, "which is not read")]
    notes += [("has no column", missing, "which is empty there")]
    said = [f"{fault} {', '.join(map(repr, names)):.300}, {so}" for fault, names, so in notes if names]
    return f"{piece.path!r:.300} {' and '.join(said)}" if said else None


def _keeping(lines: Iterator[Lines], last: list[Lines]) -> Iterator[Lines]:
    """The lines; `last` holds those that came last, for data may follow the header in them."""
    for part in lines:
        last[:] = [part]
        yield part


def _lines_below(piece: Piece, last: Sequence[Lines], source: SourceConfig, max_line_bytes: int) -> Iterator[Lines]:
    """The file's lines after a first piece without any text: the header stands in another one."""
    assert piece.end is not None
    first_line = int(last[-1].numbers[-1]) + 1 if last else 1
    below = Piece(None, piece.path, piece.end, None, first_line, piece.size)
    yield from read_lines(below, max_line_bytes, encoding=source.encoding)


def _below(header: Header, lines: Iterator[Lines]) -> Iterator[Lines]:
    """The lines after the header's."""
    for part in lines:
        first = int(part.numbers[0])
        data = part.part(slice(min(max(header.line + 1 - first, 0), len(part)), None))
        if len(data) and header.names:
            yield data


def _rows(
    piece: Piece, numbers: Places, columns: LineColumns, *, fault: str | None = None, note: str | None = None
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source_line": pl.Series(numbers, dtype=pl.Int64),
            "raw": columns.raw,
            "reason": columns.reason,
            **{f"field_{place}": column for place, column in enumerate(columns.fields)},
        }
    ).with_columns(
        delivery_day=pl.lit(piece.day, pl.String),
        source_file=pl.lit(piece.path, pl.String),
        file_fault=pl.lit(fault, pl.String),
        file_note=pl.lit(note, pl.String),
        element=pl.lit(0, pl.UInt32),
        unread=pl.lit(None, pl.String),
    )
