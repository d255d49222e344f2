"""The rows that the reading of a raw file gives, one by one."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from interest_spark.config.source import SourceConfig
from interest_spark.sources.chunks import CHUNK_BYTES
from interest_spark.sources.piece_rows import read_piece
from interest_spark.sources.pieces import Piece
from interest_spark.sources.raw_fields import RawFields

DAY = "2026-01-02"


class Row(NamedTuple):
    line: int
    values: list[str | None]
    raw: str | None = None
    reason: str | None = None
    fault: str | None = None


def read_rows(
    path: Path,
    source: SourceConfig,
    fields: Sequence[str],
    max_line_bytes: int,
    chunk_bytes: int = CHUNK_BYTES,
    piece: Piece | None = None,
) -> list[Row]:
    """Those of a whole file, or of a piece of it."""
    piece = piece or Piece(DAY, str(path))
    rows: list[Row] = []
    for batch in read_piece(piece, source, RawFields(fields), max_line_bytes, chunk_bytes):
        places = ("delivery_day", "source_file", "file_fault", "source_line", "raw", "reason")
        day, file, fault, line, raw, reason = (batch[name].to_list() for name in places)
        values = [batch[f"field_{place}"].to_list() for place in range(len(fields))]
        assert set(day) == {piece.day} and set(file) == {str(path)}
        by_line = [list(row) for row in zip(*values, strict=True)] if values else [[] for _ in line]
        rows += map(Row, line, by_line, raw, reason, fault)
    return rows
