"""The names of a CSV file's columns: of the configuration, or of the file's first line that holds anything."""

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from interest_spark.config.source import SourceConfig
from interest_spark.sources.csv_records import SEPARATOR_LINE, is_comment
from interest_spark.sources.dialect import Dialect
from interest_spark.sources.faults import UnreadableFileError
from interest_spark.sources.lines import Line, Lines
from interest_spark.sources.records import RefusedLineError, content_of


@dataclass(frozen=True)
class Header:
    """Names, and the number of the line that has them; lines up to it are no data. No names: the file holds no text.

    `content` is the line's, where the file has one.
    """

    names: Sequence[str]
    line: int
    content: bytes | None = None

    @property
    def repeated(self) -> Sequence[str]:
        """The names that stand in it more than once."""
        return [name for name, times in Counter(self.names).items() if times > 1]


def header_of(
    path: str, source: SourceConfig, fields: Collection[str], lines: Iterable[Lines], max_line_bytes: int
) -> Header:
    """The header of a file, from its `lines` where the configuration has none.

    Raises UnreadableFileError for one that cannot be read, or does not say where one of `fields` is.
    """
    header = Header(source.header, 0) if source.header else _read_header(path, source, lines, max_line_bytes)
    if header.names:
        check_columns(path, source.separator.join(header.names), header.names, fields)
    return header


def check_columns(path: str, shown: str, names: Sequence[str], fields: Collection[str]) -> None:
    """Raise UnreadableFileError unless each of `fields` is once among the names of a file's columns."""
    missing = [field for field in fields if field not in names]
    repeated = [field for field in fields if names.count(field) > 1]
    if missing or repeated:
        fault = "has no column" if missing else "has more than once the column"
        raise UnreadableFileError(
            f"{path} {fault} {', '.join(map(repr, missing or repeated))}; its header is "
            f"{shown!r:.500}: correct the source's columns, or deliver the file again"
        )


def _read_header(path: str, source: SourceConfig, lines: Iterable[Lines], max_line_bytes: int) -> Header:
    """Blank lines and comments above the header count as little as it does."""
    line = _first_with_text(path, source, lines, max_line_bytes)
    if line is None:
        return Header([], 0)
    if line.length > max_line_bytes:
        raise UnreadableFileError(
            f"{path} has a header line of {line.length} bytes, more than ingest.max_line_bytes {max_line_bytes}: "
            "raise the limit, or deliver the file again"
        )
    content = content_of(line)
    try:
        names = _names_in(content.decode("utf-8", errors="replace"), source)
        return Header([name.strip() for name in names], line.number, content)
    except (csv.Error, RefusedLineError) as error:
        raise UnreadableFileError(f"{path} has no header that can be read: {error}; deliver it again") from None


def _names_in(text: str, source: SourceConfig) -> Sequence[str]:
    dialect = Dialect.of(source)
    if dialect != Dialect(dialect.separator) or len(dialect.separator) > 1:
        return dialect.cells(text)
    return next(csv.reader([text], delimiter=dialect.separator, skipinitialspace=True))


def _first_with_text(path: str, source: SourceConfig, lines: Iterable[Lines], max_line_bytes: int) -> Line | None:
    for part in lines:
        if not part.content[part.starts[0] : part.ends[-1]].strip():
            continue  # millions of blank lines take no time
        for line in (part.line(place, max_line_bytes) for place in range(len(part))):
            content = content_of(line)
            if found := SEPARATOR_LINE.fullmatch(content.strip()) if line.number == 1 else None:
                _check_separator(path, found[1].decode("utf-8", errors="replace"), source.separator)
            elif content.strip() and not is_comment(content, source.comment):
                return line
    return None


def _check_separator(path: str, named: str, separator: str) -> None:
    if named != separator:
        raise UnreadableFileError(
            f"{path} says that {named!r:.100} separates its cells, and the configuration {separator!r}; correct the "
            "source's separator"
        )
