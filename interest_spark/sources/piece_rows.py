"""A piece of a raw file to rows of text. Runs in Spark's Python workers."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain

import polars as pl

from interest_spark.config.sources import SourceConfig
from interest_spark.sources.candidates import Format
from interest_spark.sources.chunks import CHUNK_BYTES, UnreadableFileError, read_lines
from interest_spark.sources.delimited import Delimited
from interest_spark.sources.header import Header, header_of
from interest_spark.sources.json_lines import JsonLines
from interest_spark.sources.line_columns import LineColumns, decode_lines
from interest_spark.sources.lines import Lines
from interest_spark.sources.pieces import Piece

LINE_COLUMNS = (
    *("delivery_day", "source_file", "source_line", "raw", "reason", "file_fault", "file_note"),
    *("element", "unread"),
)
"""`element` numbers the events of a line from 0; `unread` names columns whose values could not be read."""


def read_piece(
    piece: Piece,
    source: SourceConfig,
    fields: Sequence[str],
    max_line_bytes: int,
    chunk_bytes: int = CHUNK_BYTES,
    numbers: Collection[str] = (),
) -> Iterator[pl.DataFrame]:
    """Every data line as a row, and a row of line 0 with the fault of a file that cannot be read to its end.

    `LINE_COLUMNS`, and a text column a field: `field_0`, `field_1`, … in the order of `fields`, of which `numbers`
    are those whose texts need not be JSON's numbers: see records. What is odd about a
    file that can be read is the `file_note` of its first rows.
    """
    try:
        line_format, lines, note = _opened(piece, source, fields, max_line_bytes, chunk_bytes, numbers)
        for part in lines:
            columns = decode_lines(part, line_format, len(fields), max_line_bytes)
            yield _rows(piece, part.number, columns, note=note)
            note = None
    except UnreadableFileError as error:
        nothing = pl.Series([None], dtype=pl.String)
        yield _rows(piece, 0, LineColumns(nothing, nothing, [nothing] * len(fields)), fault=str(error))


def _opened(
    piece: Piece,
    source: SourceConfig,
    fields: Sequence[str],
    max_line_bytes: int,
    chunk_bytes: int,
    numbers: Collection[str],
) -> tuple[Format, Iterator[Lines], str | None]:
    """How the piece is to be decoded, its lines of data, and what is odd about its file if the piece is the first."""
    lines = read_lines(piece, max_line_bytes, chunk_bytes)
    if source.format == "jsonl":
        return JsonLines(fields, numbers, source.explode.field if source.explode else None), lines, None
    last: list[Lines] = []
    above = (
        _keeping(lines, last)
        if piece.start == 0
        else read_lines(Piece(None, piece.path, size=piece.size), max_line_bytes)
    )
    if piece.start == 0 and piece.end is not None:
        above = chain(above, _lines_below(piece, last, max_line_bytes))
    try:
        header = header_of(piece.path, source, fields, above, max_line_bytes)
    except UnreadableFileError:
        if piece.start:  # the first piece of the file says it
            return JsonLines(fields), iter(()), None
        raise
    names = header.names or fields  # without a header there is no line
    note = None if piece.start else _note(piece, header)
    return Delimited(names, fields, source.separator), _below(header, chain(last, lines)), note


def _note(piece: Piece, header: Header) -> str | None:
    if not header.repeated:
        return None
    names = ", ".join(map(repr, header.repeated))
    return f"{piece.path!r:.300} has more than once the column {names:.300}, which is not read"


def _keeping(lines: Iterator[Lines], last: list[Lines]) -> Iterator[Lines]:
    """The lines; `last` holds those that came last, for data may follow the header in them."""
    for part in lines:
        last[:] = [part]
        yield part


def _lines_below(piece: Piece, last: Sequence[Lines], max_line_bytes: int) -> Iterator[Lines]:
    """The file's lines after a first piece without any text: the header stands in another one."""
    assert piece.end is not None
    first_line = last[-1].number + len(last[-1]) if last else 1
    yield from read_lines(Piece(None, piece.path, piece.end, None, first_line, piece.size), max_line_bytes)


def _below(header: Header, lines: Iterator[Lines]) -> Iterator[Lines]:
    """The lines after the header's."""
    for part in lines:
        data = part.part(min(max(header.line + 1 - part.number, 0), len(part)))
        if len(data) and header.names:
            yield data


def _rows(
    piece: Piece, number: int, columns: LineColumns, *, fault: str | None = None, note: str | None = None
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source_line": pl.int_range(number, number + len(columns.raw), eager=True),
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
