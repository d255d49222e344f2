"""Raw lines to canonical, typed rows, each with the reason it is refused for, or null. Runs in Spark's workers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from interest_spark.config.sources import DATABASE_NULL, SQL_NULLS, SourceConfig
from interest_spark.schemas.tables import TABLES
from interest_spark.sources.piece_rows import LINE_COLUMNS, read_piece
from interest_spark.sources.pieces import Piece
from interest_spark.sources.reader import Reader, get_reader
from interest_spark.sources.typing_rules import ATTRIBUTE_PREFIX, TYPING_RULES
from interest_spark.sources.values import to_value, whole_number

REQUIRED_COLUMNS = {
    "events": ("user_id", "item_id", "behavior", "event_time"),
    "items": ("item_id",),
    "users": ("user_id",),
}
"""What no line may be without, and so no file with columns."""

# So many are typed at once: many small files are not to cost a computation each, and long lines need memory.
FREE_TEXTS = frozenset({"title", "description", "query"})
_LINES_AT_ONCE, _BYTES_AT_ONCE = 1 << 15, 8 << 20


@dataclass(frozen=True)
class CanonicalReader:
    """Reads pieces of raw files of one `kind`: events, items or users."""

    kind: str
    source: SourceConfig
    max_line_bytes: int

    @property
    def settings(self) -> SourceConfig:
        """The source's configuration with what its reader knows."""
        return get_reader(self.source.reader).settings(self.kind, self.source)

    def read(self, pieces: Iterable[Piece]) -> Iterator[pl.DataFrame]:
        """One row a raw line, in order: `LINE_COLUMNS`, and the table's columns that are not among them.

        A row with a `reason` keeps those of its values that could be read. A file that cannot be read to its end
        gives one extra row whose `file_fault` says why.
        """
        reader, source = get_reader(self.source.reader), self.settings
        wanted = source.columns | {ATTRIBUTE_PREFIX + name: field for name, field in source.attributes.items()}
        fields = sorted(set(wanted.values()))
        text: dict[str, pl.Expr] = {name: pl.lit(None, pl.String) for name in typed_columns(self.kind)}
        text |= {name: pl.lit(value) for name, value in source.constants.items()}
        for name, field in wanted.items():
            value = to_value(pl.col(f"field_{fields.index(field)}"), _nulls_of(name, source))
            text[name] = whole_number(value) if name in source.whole_numbers else value
        numbers = number_fields(self.kind, source)
        required = {source.columns[name] for name in REQUIRED_COLUMNS[self.kind] if name in source.columns}
        every = (
            rows
            for piece in pieces
            for rows in read_piece(
                piece, source, fields, self.max_line_bytes, numbers=numbers, optional={*fields} - required
            )
        )
        for rows in _joined(every):
            columns = rows.select("source_line", **{name: text[name] for name in text if name != "source_line"})
            yield self._typed(rows, reader.correct(columns), reader, source)

    def _typed(self, rows: pl.DataFrame, text: pl.DataFrame, reader: Reader, source: SourceConfig) -> pl.DataFrame:
        typed, problems = TYPING_RULES[self.kind](text, source)
        problems = [*problems, *((reason, is_refused(text)) for reason, is_refused in reader.refusals)]
        reason = rows["reason"]
        fine = rows["file_fault"].is_null()
        for name, refused in sorted(problems, key=_ids_first):
            new = refused.fill_null(value=False) & reason.is_null() & fine
            reason = reason.set(new, name) if new.any() else reason
        return rows.select(LINE_COLUMNS).with_columns(reason, *typed.select(typed_columns(self.kind)))


def _nulls_of(name: str, source: SourceConfig) -> Sequence[str]:
    """A title or a query may well be the word None, and a price that is no number is a fault to tell."""
    if name.endswith("_id"):
        return source.nulls
    known = (DATABASE_NULL,) if name in FREE_TEXTS else (DATABASE_NULL, *SQL_NULLS)
    return [each for each in source.nulls if each in known]


def number_fields(kind: str, source: SourceConfig) -> frozenset[str]:
    """The raw fields that fill no column of text: the rules of numbers and times refuse what is none."""
    texts = {name for name in TABLES[kind].names if pa.types.is_string(TABLES[kind].field(name).type)}
    as_texts = {field for name, field in source.columns.items() if name in texts} | {*source.attributes.values()}
    return frozenset({*source.columns.values()} - as_texts)


def typed_columns(kind: str) -> list[str]:
    """The columns of a table of that name that are no `LINE_COLUMNS`."""
    return [name for name in TABLES[kind].names if name not in LINE_COLUMNS]


def _joined(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The frames in order, small ones together."""
    held: list[pl.DataFrame] = []
    lines = size = 0
    for frame in frames:
        held.append(frame)
        lines += len(frame)
        size += int(frame["raw"].str.len_bytes().sum())
        if lines >= _LINES_AT_ONCE or size >= _BYTES_AT_ONCE:
            yield pl.concat(held)
            held, lines, size = [], 0, 0
    if held:
        yield pl.concat(held)


def _ids_first(problem: tuple[str, pl.Series]) -> int:
    """A line without its ids says nothing else, so that is its reason whatever more is wrong with it."""
    ids: Sequence[str] = ("missing_user", "missing_item", "service_item")
    return ids.index(problem[0]) if problem[0] in ids else len(ids)
