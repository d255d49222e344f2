"""What a source makes of the first lines of its log: rows by their fate, values by column, and what would be bad."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from interest_spark.config.source import SourceConfig
from interest_spark.sources.canonical import CanonicalReader, typed_columns
from interest_spark.sources.check.head import MOST_LINES, Head
from interest_spark.sources.pieces import Piece

_SHOWN = 3
GOOD = "good"


@dataclass(frozen=True)
class Trial:
    """Rows by `reasons`, GOOD for those that would be events; a row a reason in `examples`, as line and text; the first
    `values` of each column that has any; and the `fault` of a file that cannot be read so.
    """

    reasons: Counter[str]
    examples: Mapping[str, tuple[int, str]]
    values: Mapping[str, Sequence[str]]
    fault: str | None

    @property
    def good_share(self) -> float:
        """Of the rows that are not left out."""
        asked = self.reasons.total() - self.reasons["ignored"]
        return self.reasons[GOOD] / asked if asked else 0.0


def try_source(kind: str, source: SourceConfig, head: Head, day: str | None, max_line_bytes: int) -> Trial:
    """Read the head as the source says."""
    reader = CanonicalReader(kind, source, max_line_bytes)
    with tempfile.TemporaryDirectory(prefix="interest-check-") as folder:
        path = Path(folder) / "head"
        if head.table:
            path = Path(head.path)
            found = [rows.head(MOST_LINES) for rows in islice(reader.read([Piece(day, head.path)]), 1)]
        else:
            path.write_bytes("".join(f"{line}\n" for line in head.lines).encode(head.encoding))
            found = list(reader.read([Piece(day, str(path))]))
    if not found:
        return Trial(Counter(), {}, {}, "it holds no line of data")
    rows = pl.concat(found)
    faults = rows["file_fault"].drop_nulls().str.replace(str(path), head.path, literal=True)
    rows = rows.filter(pl.col("file_fault").is_null())
    reasons = rows["reason"].fill_null(GOOD)
    first = rows.with_columns(reason=reasons).unique("reason", keep="first", maintain_order=True)
    examples = {
        reason: (line, text or "")
        for reason, line, text in first.select("reason", "source_line", pl.col("raw").str.slice(0, 160)).iter_rows()
        if reason != GOOD
    }
    good = rows.filter(pl.col("reason").is_null())
    values = {name: _first_values(good[name]) for name in typed_columns(kind) if name != "attributes"}
    known = {name: some for name, some in values.items() if some}
    return Trial(Counter(reasons.to_list()), examples, known, faults[0] if len(faults) else None)


def _first_values(column: pl.Series) -> list[str]:
    return [str(value) for value in column.drop_nulls().unique(maintain_order=True).head(_SHOWN)]
