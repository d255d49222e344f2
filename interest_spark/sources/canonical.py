"""Raw lines to canonical, typed rows, each with the reason it is refused for, or null. Runs in Spark's workers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from interest_spark.config.mapping import fields_of
from interest_spark.config.source import SourceConfig
from interest_spark.config.sources import LISTS
from interest_spark.schemas.reasons import IGNORED
from interest_spark.schemas.tables import TABLES
from interest_spark.sources.columns import is_left_out, number_fields, text_columns
from interest_spark.sources.elements import explode_rows
from interest_spark.sources.piece_rows import LINE_COLUMNS, read_piece
from interest_spark.sources.pieces import Piece
from interest_spark.sources.raw_fields import RawFields
from interest_spark.sources.reader import Reader, get_reader
from interest_spark.sources.typing_rules import TYPING_RULES

REQUIRED_COLUMNS = {
    "events": ("user_id", "item_id", "behavior", "event_time"),
    "items": ("item_id",),
    **dict.fromkeys(("users", *LISTS), ("user_id",)),
    "campaigns": ("user_id", "campaign", "coupon", "sent_at"),
}
"""What no line may be without, and so no file with columns."""

# So many are typed at once: many small files are not to cost a computation each, and long lines need memory.
_LINES_AT_ONCE, _BYTES_AT_ONCE = 1 << 15, 8 << 20


@dataclass(frozen=True)
class CanonicalReader:
    """Reads pieces of raw files of one `kind`: events, items, users, campaigns or lists of people."""

    kind: str
    source: SourceConfig
    max_line_bytes: int

    @property
    def settings(self) -> SourceConfig:
        """The source's configuration with what its reader knows."""
        return get_reader(self.source.reader).settings(self.kind, self.source)

    def read(self, pieces: Iterable[Piece]) -> Iterator[pl.DataFrame]:
        """One row a raw line, or an element of one, in order: `LINE_COLUMNS`, and the table's columns that are not
        among them.

        A row with a `reason`, which is IGNORED for one that is left out, keeps those of its values that could be read.
        A file that cannot be read to its end gives one extra row whose `file_fault` says why.
        """
        reader, source = get_reader(self.source.reader), self.settings
        fields, inner = _fields_of(source)

        def field(name: str) -> pl.Expr:
            return pl.col(f"inner_{inner.index(name)}" if name in inner else f"field_{fields.index(name)}")

        text = text_columns(source, typed_columns(self.kind), field)
        left_out = is_left_out(source, field)
        wanted = RawFields(
            fields,
            numbers=number_fields(self.kind, source),
            optional={*fields} - _required_fields(self.kind, source),
            unnamed={*fields} - {*_fields_of(self.source)[0]},
        )
        every = (rows for piece in pieces for rows in read_piece(piece, source, wanted, self.max_line_bytes))
        for rows in _joined(every):
            rows = explode_rows(rows, source.explode, fields, inner) if source.explode else rows
            rows = rows if left_out is None else _ignoring(rows, rows.select(left_out).to_series())
            columns = rows.select("source_line", **{name: text[name] for name in text if name != "source_line"})
            yield self._typed(rows, reader.correct(columns), reader, source)

    def _typed(self, rows: pl.DataFrame, text: pl.DataFrame, reader: Reader, source: SourceConfig) -> pl.DataFrame:
        found = TYPING_RULES[self.kind](text, source)
        rows = rows if found.ignored is None else _ignoring(rows, found.ignored)
        problems = [*found.problems, *((reason, is_refused(text)) for reason, is_refused in reader.refusals)]
        reason = rows["reason"]
        fine = rows["file_fault"].is_null()
        for name, refused in sorted(problems, key=_ids_first):
            new = refused.fill_null(value=False) & reason.is_null() & fine
            reason = reason.set(new, name) if new.any() else reason
        unread = _names_of(found.unread, reason.is_null() & fine)
        columns = found.rows.select(typed_columns(self.kind))
        return rows.select(LINE_COLUMNS).with_columns(reason, *([] if unread is None else [unread]), *columns)


def _fields_of(source: SourceConfig) -> tuple[list[str], list[str]]:
    """The raw fields of a line, and those of its elements where it has such."""
    if source.explode is None:
        return sorted(source.fields), []
    inner = sorted(filter(source.explode.holds, source.fields))
    return sorted({*source.fields} - {*inner} | {source.explode.field}), inner


def _required_fields(kind: str, source: SourceConfig) -> set[str]:
    """What a file with columns has to have: of several fields for a column any may be missing."""
    columns = (source.columns.get(name, ()) for name in REQUIRED_COLUMNS[kind])
    required = {field for column in columns if not isinstance(column, tuple) for field in fields_of(column)}
    return required | {*source.where} | ({source.explode.field} if source.explode else set())


def _ignoring(rows: pl.DataFrame, ignored: pl.Series) -> pl.DataFrame:
    """The rows with that reason where nothing else is wrong with them."""
    new = ignored & rows["reason"].is_null() & rows["file_fault"].is_null()
    return rows.with_columns(rows["reason"].set(new, IGNORED)) if new.any() else rows


def _names_of(unread: Sequence[tuple[str, pl.Series]], good: pl.Series) -> pl.Series | None:
    """For each row the columns whose values could not be read; None where there is none of them."""
    found = [(name, mask & good) for name, mask in unread]
    named = [pl.when(mask).then(pl.lit(name)) for name, mask in found if mask.any()]
    if not named:
        return None
    names = pl.select(pl.concat_str(named, separator=" ", ignore_nulls=True)).to_series()
    return names.set(names == "", None).alias("unread")


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
