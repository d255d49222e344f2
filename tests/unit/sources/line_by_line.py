"""The reading of raw files line by line, in plain Python: what the vectorised reading must give exactly."""

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import fsspec

from interest_spark.config.source import SourceConfig
from interest_spark.sources.faults import UnreadableFileError

_CHUNK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Line:
    """One raw line without its line break; `content` is cut when the line is longer than allowed."""

    number: int  # from 1
    content: bytes
    length: int  # in bytes, of the whole line


def read_lines(path: str, max_line_bytes: int) -> Iterator[Line]:
    """The lines of a plain or gzip file, recognised by its first bytes.

    Raises UnreadableFileError with the line reached when the file is cut, corrupt or gone.
    """
    number = 0
    try:
        with fsspec.open(path, "rb") as raw, _decompressed(raw) as stream:
            for content, length in _split(stream, max_line_bytes):
                number += 1
                yield Line(number, content, length)
    except EOFError:
        raise UnreadableFileError(f"{path} is a gzip file cut off after line {number}; deliver it again") from None
    except (OSError, zlib.error) as error:
        raise UnreadableFileError(f"{path} cannot be read after line {number}: {error}; deliver it again") from None


def _decompressed(raw: Any) -> IO[bytes]:
    magic = raw.read(len(_GZIP_MAGIC))
    raw.seek(0)
    return gzip.open(raw, "rb") if magic == _GZIP_MAGIC else raw


def _split(stream: IO[bytes], max_line_bytes: int) -> Iterator[tuple[bytes, int]]:
    pending, dropped = b"", 0
    while chunk := stream.read(_CHUNK_BYTES):
        *whole, pending_next = (pending + chunk).split(b"\n")
        for line in whole:
            yield line[:max_line_bytes].removesuffix(b"\r"), len(line) + dropped
            dropped = 0
        pending = pending_next
        if len(pending) > max_line_bytes:
            dropped += len(pending) - max_line_bytes
            pending = pending[:max_line_bytes]
    if pending:
        yield pending[:max_line_bytes].removesuffix(b"\r"), len(pending) + dropped


_BOM = b"\xef\xbb\xbf"
_RAW_PREFIX_CHARACTERS = 10_000
_MOST_NESTED = 500


class RefusedLineError(Exception):
    """A line is no record; its text is the quarantine reason."""


@dataclass(frozen=True)
class Record:
    """A line's fields in the order asked for; `raw` and `reason` are set for a refused line."""

    line: int
    values: Sequence[str | None]
    raw: str | None = None
    reason: str | None = None


Decode = Callable[[str], Sequence[str | None]]


def read_records(path: str, source: SourceConfig, fields: Sequence[str], max_line_bytes: int) -> Iterator[Record]:
    """Every data line of a file as a Record with its raw text, accepted or not.

    Raises UnreadableFileError for a file that is cut or lacks one of `fields` in its CSV header.
    """
    lines = read_lines(path, max_line_bytes)
    if source.format == "jsonl":
        decode = json_decoder(fields)
    else:
        decode, lines = _csv_of_file(path, source, fields, lines, max_line_bytes)
    empty: Sequence[str | None] = [None] * len(fields)
    for line in lines:
        try:
            text = _text_of(line, max_line_bytes)
            yield Record(line.number, decode(text), text)
        except RefusedLineError as refusal:
            yield Record(line.number, empty, readable(line), str(refusal))


def json_decoder(fields: Sequence[str]) -> Decode:
    """Decode a JSON object; numbers keep their digits, `a.b` reaches into an inner object.

    >>> json_decoder(["id", "price", "geo.lat"])('{"id": 18446744073709551999, "price": 1e400, "geo": {"lat": 1.50}}')
    ['18446744073709551999', '1e400', '1.50']
    """

    def decode(text: str) -> Sequence[str | None]:
        try:
            document = _parse(text)
        except (ValueError, RecursionError):
            raise RefusedLineError("not_json") from None
        if len(list(_levels(document))) > _MOST_NESTED:
            raise RefusedLineError("not_json")
        if not isinstance(document, Object):
            raise RefusedLineError("not_json" if isinstance(document, Constant) else "not_an_object")
        values = [_as_text(_reach(document, field)) for field in fields]
        if any(isinstance(part, Constant) for field in fields for part in _parts(_reach(document, field))):
            raise RefusedLineError("not_json")
        if "\\" in text:  # only an escape can bring in what the bytes themselves did not hold
            _refuse_bad_characters(values)
        return values

    return decode


class Object(dict[str, Any]):
    """One that knows the keys that it has more than once in its line."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def all_of(self, key: str) -> list[Any]:
        return [value for name, value in self._pairs if name == key]

    def values_within(self) -> list[Any]:
        return [value for _, value in self._pairs]


class Constant(str):
    """NaN or an infinity."""


_parse = json.JSONDecoder(object_pairs_hook=Object, parse_float=str, parse_int=str, parse_constant=Constant).decode


def _parts(value: Any) -> Iterator[Any]:
    yield value
    within = value.values_within() if isinstance(value, Object) else value if isinstance(value, list) else []
    for each in within:
        yield from _parts(each)


def _levels(document: object) -> Iterator[list[Any]]:
    """The objects and lists in each level of brackets."""
    level = [document]
    while level := [each for each in level if isinstance(each, list | Object)]:
        yield level
        level = [part for each in level for part in (each.values_within() if isinstance(each, Object) else each)]


def csv_decoder(header: Sequence[str], fields: Sequence[str], separator: str) -> Decode:
    """Decode one line of CSV by the header's names; quoted line breaks are not supported.

    >>> csv_decoder(["id", "title"], ["title"], ",")('7,"red, large"')
    ['red, large']
    """
    places = [header.index(field) for field in fields]

    def decode(text: str) -> Sequence[str | None]:
        if '"' in text:
            try:
                cells = next(csv.reader([text], delimiter=separator, strict=True))
            except (csv.Error, StopIteration):
                raise RefusedLineError("unbalanced_quote") from None
        else:
            cells = text.split(separator)
        if len(cells) != len(header):
            raise RefusedLineError("wrong_field_count")
        return [cells[place] for place in places]

    return decode


def readable(line: Line) -> str:
    r"""A refused line as text: invalid bytes are written as \xNN, a very long line keeps its beginning."""
    text = line.content.decode("utf-8", errors="backslashreplace")
    if len(text) <= _RAW_PREFIX_CHARACTERS:
        return text
    return f"{text[:_RAW_PREFIX_CHARACTERS]}… [{line.length} bytes]"


def _csv_of_file(
    path: str, source: SourceConfig, fields: Sequence[str], lines: Iterator[Line], max_line_bytes: int
) -> tuple[Decode, Iterator[Line]]:
    names, line = (
        _read_header(path, source, lines, max_line_bytes) if not source.header else (list(source.header), None)
    )
    if not names:
        return csv_decoder(fields, fields, source.separator), lines  # of no line: the file holds none
    missing = [field for field in fields if field not in names]
    repeated = [field for field in fields if names.count(field) > 1]
    if missing or repeated:
        fault = "has no column" if missing else "has more than once the column"
        raise UnreadableFileError(
            f"{path} {fault} {', '.join(map(repr, missing or repeated))}; its header is "
            f"{source.separator.join(names)!r:.500}: correct the source's columns, or deliver the file again"
        )
    decode = csv_decoder(names, [], source.separator)
    records = (
        each
        for each in _join_quoted(lines, decode, max_line_bytes)
        if _content_of(each) != line and not (each.number == 1 and _content_of(each).strip().startswith(b"sep="))
    )
    return csv_decoder(names, fields, source.separator), records


def _join_quoted(lines: Iterator[Line], decode: Decode, max_line_bytes: int) -> Iterator[Line]:
    """A line with an odd number of quotes is one with those up to the next such line, if together they are a row."""
    fault: UnreadableFileError | None = None
    every: list[Line] = []
    try:
        every.extend(lines)
    except UnreadableFileError as error:
        fault = error
    place = 0
    while place < len(every):
        first = every[place]
        end = next((at for at in range(place + 1, len(every)) if every[at].content.count(b'"') % 2), None)
        if first.content.count(b'"') % 2 and end is not None:
            together = b"\n".join(_whole(each) for each in every[place : end + 1])
            joined = Line(first.number, together, len(together))
            if joined.length <= max_line_bytes and _is_row(_content_of(joined), decode):
                yield Line(first.number, together.removesuffix(b"\r"), joined.length)
                place = end + 1
                continue
        yield first
        place += 1
    if fault:
        raise fault


def _whole(line: Line) -> bytes:
    """With the carriage return that it is without."""
    return line.content + b"\r" * (line.length - len(line.content))


def _is_row(content: bytes, decode: Decode) -> bool:
    try:
        decode(content.removesuffix(b"\r").decode("utf-8", errors="replace"))
    except RefusedLineError:
        return False
    return True


def _read_header(
    path: str, source: SourceConfig, lines: Iterator[Line], max_line_bytes: int
) -> tuple[list[str], bytes | None]:
    """The names in the first line that holds anything; [] where none does. Blank lines above it count as little."""
    line = next((line for line in lines if _content_of(line).strip()), None)
    if line is None:
        return [], None
    if line.length > max_line_bytes:
        raise UnreadableFileError(
            f"{path} has a header line of {line.length} bytes, more than ingest.max_line_bytes {max_line_bytes}: "
            "raise the limit, or deliver the file again"
        )
    text = _content_of(line).decode("utf-8", errors="replace")
    try:
        names = [name.strip() for name in next(csv.reader([text], delimiter=source.separator, skipinitialspace=True))]
        return names, _content_of(line)
    except csv.Error as error:
        raise UnreadableFileError(f"{path} has no header that can be read: {error}; deliver it again") from None


def _content_of(line: Line) -> bytes:
    return line.content.removeprefix(_BOM) if line.number == 1 else line.content


def _text_of(line: Line, max_line_bytes: int) -> str:
    if line.length > max_line_bytes:
        raise RefusedLineError("line_too_long")
    content = _content_of(line)
    if not content.strip():
        raise RefusedLineError("empty_line")
    if b"\0" in content:
        raise RefusedLineError("nul_byte")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedLineError("invalid_utf8") from None


def _reach(document: Object, field: str) -> object:
    if document.all_of(field) or "." not in field:
        return _only(document.all_of(field))
    outer, _, inner = field.partition(".")
    children = document.all_of(outer)
    if not any(map(_holds_more, children)):
        return None
    child = _opened(_only(children))
    return _reach(child, inner) if isinstance(child, Object) else None


def _holds_more(child: Any) -> bool:
    return child.lstrip()[:1] in ("{", "[") if isinstance(child, str) else isinstance(child, Object | list)


def _opened(child: Any) -> Any:
    """JSON that stands there as a text."""
    if not isinstance(child, str):
        return child
    try:
        found = _parse(child)
    except (ValueError, RecursionError):
        return child
    return found if len(list(_levels(found))) <= _MOST_NESTED else child


def _only(values: list[Any]) -> Any:
    if len(values) > 1:
        raise RefusedLineError("duplicate_key")
    return values[0] if values else None


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "|".join(value)  # as MovieLens writes several genres
    objects = (each for level in _levels(value) for each in level if isinstance(each, Object))
    if any(len(each) < len(each.values_within()) for each in objects):
        raise RefusedLineError("duplicate_key")
    return json.dumps(value, ensure_ascii=False)


def _refuse_bad_characters(values: Sequence[str | None]) -> None:
    for value in values:
        if value is not None and "\0" in value:
            raise RefusedLineError("nul_byte")
        if value is not None and any("\ud800" <= character <= "\udfff" for character in value):
            raise RefusedLineError("invalid_utf8")
