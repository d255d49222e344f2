"""One raw line to named text fields, or to the reason why not. Values stay the text that the shop wrote.

This is the exact way, a line at a time; `json_lines` and `delimited` take it for lines that they do not admit.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence

from interest_spark.sources.lines import Line

BOM = b"\xef\xbb\xbf"
_RAW_PREFIX_CHARACTERS = 10_000


class RefusedLineError(Exception):
    """A line is no record; its text is the quarantine reason."""


Decode = Callable[[str], Sequence[str | None]]


def json_decoder(fields: Sequence[str]) -> Decode:
    """Decode a JSON object; numbers keep their digits, `a.b` reaches into an inner object.

    >>> json_decoder(["id", "price", "geo.lat"])('{"id": 18446744073709551999, "price": 1e400, "geo": {"lat": 1.50}}')
    ['18446744073709551999', '1e400', '1.50']
    """
    parse = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str).decode
    dotted = [(place, field) for place, field in enumerate(fields) if "." in field]

    def decode(text: str) -> Sequence[str | None]:
        try:
            document = parse(text)
        except (ValueError, RecursionError):
            raise RefusedLineError("not_json") from None
        if not isinstance(document, dict):
            raise RefusedLineError("not_an_object")
        found = [document.get(field) for field in fields]
        for place, field in dotted:
            found[place] = _reach(document, field)
        values = [value if value is None or type(value) is str else _as_text(value) for value in found]
        if "\\" in text:  # only an escape can bring in what the bytes themselves did not hold
            refuse_bad_characters(values)
        return values

    return decode


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


def content_of(line: Line) -> bytes:
    return line.content.removeprefix(BOM) if line.number == 1 else line.content


def text_of(line: Line, max_line_bytes: int) -> str:
    if line.length > max_line_bytes:
        raise RefusedLineError("line_too_long")
    content = content_of(line)
    if not content.strip():
        raise RefusedLineError("empty_line")
    if b"\0" in content:
        raise RefusedLineError("nul_byte")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedLineError("invalid_utf8") from None


def _reach(document: Mapping[str, object], field: str) -> object:
    if field in document or "." not in field:
        return document.get(field)
    outer, _, inner = field.partition(".")
    child = document.get(outer)
    return _reach(child, inner) if isinstance(child, dict) else None


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "|".join(value)  # as MovieLens writes several genres
    return json.dumps(value, ensure_ascii=False)


def refuse_bad_characters(values: Sequence[str | None]) -> None:
    for value in values:
        if value is not None and "\0" in value:
            raise RefusedLineError("nul_byte")
        if value is not None and any("\ud800" <= character <= "\udfff" for character in value):
            raise RefusedLineError("invalid_utf8")
