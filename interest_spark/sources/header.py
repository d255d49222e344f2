"""The names of a CSV file's columns: of the configuration, or of the file's first line that holds anything."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from interest_spark.config.sources import SourceConfig
from interest_spark.sources.chunks import UnreadableFileError
from interest_spark.sources.lines import Line, Lines
from interest_spark.sources.records import content_of


@dataclass(frozen=True)
class Header:
    """Names, and the number of the line that has them; lines up to it are no data. No names: the file holds no text."""

    names: Sequence[str]
    line: int

    @property
    def repeated(self) -> Sequence[str]:
        """The names that stand in it more than once."""
        return [name for name, times in Counter(self.names).items() if times > 1]


def header_of(
    path: str, source: SourceConfig, fields: Sequence[str], lines: Iterable[Lines], max_line_bytes: int
) -> Header:
    """The header of a file, from its `lines` where the configuration has none.

    Raises UnreadableFileError for one that cannot be read, or does not say where one of `fields` is.
    """
    header = Header(source.header, 0) if source.header else _read_header(path, source, lines, max_line_bytes)
    missing = [field for field in fields if field not in header.names]
    repeated = [field for field in fields if field in header.repeated]
    if header.names and (missing or repeated):
        fault = "has no column" if missing else "has more than once the column"
        raise UnreadableFileError(
            f"{path} {fault} {', '.join(map(repr, missing or repeated))}; its header is "
            f"{source.separator.join(header.names)!r:.500}: correct the source's columns, or deliver the file again"
        )
    return header


def _read_header(path: str, source: SourceConfig, lines: Iterable[Lines], max_line_bytes: int) -> Header:
    """Blank lines above the header count as little as it does."""
    line = _first_with_text(lines, max_line_bytes)
    if line is None:
        return Header([], 0)
    if line.length > max_line_bytes:
        raise UnreadableFileError(
            f"{path} has a header line of {line.length} bytes, more than ingest.max_line_bytes {max_line_bytes}: "
            "raise the limit, or deliver the file again"
        )
    text = content_of(line).decode("utf-8", errors="replace")
    try:
        names = next(csv.reader([text], delimiter=source.separator, skipinitialspace=True))
        return Header([name.strip() for name in names], line.number)
    except csv.Error as error:
        raise UnreadableFileError(f"{path} has no header that can be read: {error}; deliver it again") from None


def _first_with_text(lines: Iterable[Lines], max_line_bytes: int) -> Line | None:
    for part in lines:
        if not part.content[part.starts[0] : part.ends[-1]].strip():
            continue  # millions of blank lines take no time
        each = (part.line(place, max_line_bytes) for place in range(len(part)))
        if found := next((line for line in each if content_of(line).strip()), None):
            return found
    return None
