"""One raw line to named text fields, or to the reason why not. Values stay the text that the shop wrote.

This is the exact way, a line at a time; `json_lines` and `delimited` take it for lines that they do not admit.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import accumulate

from interest_spark.sources.lines import Line

BOM = b"\xef\xbb\xbf"
_RAW_PREFIX_CHARACTERS = 10_000

MOST_NESTED = 500
"""Levels of brackets that a line may have: half of the recursion that Python allows, whoever reads it."""

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_CONSTANT = re.compile("NaN|Infinity")
_INDEX = re.compile(r"\[([0-9]+)\]")


class RefusedLineError(Exception):
    """A line is no record; its text is the quarantine reason."""


Decode = Callable[[str], Sequence[str | None]]


def json_decoder(fields: Sequence[str], numbers: Collection[str] = (), whole: str | None = None) -> Decode:
    """Decode a JSON object; numbers keep their digits, `a.b` reaches into an inner object.

    It also reaches into JSON that stands there as a text, by `a.0` or `a[0]` into a list, and by `a.b` into one of
    objects with a `key`, to the one whose key is `b`. The field `whole` stays JSON if it is no text.

    A line with a key twice is refused where that leaves open what one of the fields is. `NaN` and the infinities, which
    are no JSON, are texts in fields that are `numbers`, whose rules refuse them; any other field refuses the line.

    >>> json_decoder(["id", "price", "geo.lat"])('{"id": 18446744073709551999, "price": 1e400, "geo": {"lat": 1.50}}')
    ['18446744073709551999', '1e400', '1.50']
    """
    dotted = [(place, field) for place, field in enumerate(fields) if reaches(field)]
    kept = fields.index(whole) if whole in fields else None

    def decode(text: str) -> Sequence[str | None]:
        if text.count("[") + text.count("{") > MOST_NESTED and _is_nested_too_deep(text):
            raise RefusedLineError("not_json")
        try:
            document = _parse(text)
        except ValueError:
            raise RefusedLineError("not_json") from None
        if isinstance(document, _Constant):
            raise RefusedLineError("not_json")
        if not isinstance(document, dict):
            raise RefusedLineError("not_an_object")
        found = [document.get(field) for field in fields]
        if isinstance(document, _Repeating) and not document.repeated.keys().isdisjoint(fields):
            raise RefusedLineError("duplicate_key")
        for place, field in dotted:
            found[place] = reach(document, field)
        if kept is not None and not isinstance(found[kept], str | None):
            found[kept] = _as_json(found[kept])
        if _CONSTANT.search(text):
            _refuse_constants(value for field, value in zip(fields, found, strict=True) if field not in numbers)
        values = [value if value is None or type(value) is str else as_text(value) for value in found]
        if "\\" in text:  # only an escape can bring in what the bytes themselves did not hold
            refuse_bad_characters(values)
        return values

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


class _Repeating(dict[str, object]):
    """An object that has keys more than once: `repeated`, each with all its values."""

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        super().__init__(pairs)
        values: defaultdict[str, list[object]] = defaultdict(list)
        for key, value in pairs:
            values[key].append(value)
        self.repeated = {key: several for key, several in values.items() if len(several) > 1}


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    return document if len(document) == len(pairs) else _Repeating(pairs)


class _Constant(str):
    """`NaN`, `Infinity` or `-Infinity` without quotes, which many programs write and Python reads."""

    __slots__ = ()


_parse = json.JSONDecoder(object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=_Constant).decode


def _refuse_constants(values: Iterable[object]) -> None:
    if any(isinstance(each, _Constant) or any(map(_holds_constants, _nests_within(each))) for each in values):
        raise RefusedLineError("not_json")


def _holds_constants(nest: dict[str, object] | list[object]) -> bool:
    return any(isinstance(each, _Constant) for each in (nest.values() if isinstance(nest, dict) else nest))


def _is_nested_too_deep(text: str) -> bool:
    """Exact for JSON; of a text that is none, any answer is as good."""
    steps = (1 if bracket[0] in "[{" else -1 for bracket in _BRACKET.finditer(_STRING.sub("", text)))
    return any(depth > MOST_NESTED for depth in accumulate(steps))


def reaches(field: str) -> bool:
    """Whether the name of a field may be a way into an inner value."""
    return "." in field or "[" in field


def outer_name(field: str) -> str:
    """The key that a way into inner values begins with.

    >>> outer_name("items[0].id")
    'items'
    """
    return re.split(r"[.\[]", field, maxsplit=1)[0]


def parsed(text: str) -> object:
    """A text as JSON, its numbers as texts. Raises ValueError for one that is none or is nested too deep."""
    if text.count("[") + text.count("{") > MOST_NESTED and _is_nested_too_deep(text):
        raise ValueError(f"it is nested more than {MOST_NESTED} deep")
    return _parse(text)


def reach(document: object, field: str) -> object:
    """The value of a name with dots: of a key that has them, else of what follows the first dot in the inner value."""
    if type(document) is dict and field and field in document:
        return document[field]
    while isinstance(document, dict) and reaches(field) and field not in document:
        field = _INDEX.sub(r".\1", field)
        outer, _, field = field.partition(".")
        if isinstance(document, _Repeating) and any(map(_holds_more, document.repeated.get(outer, ()))):
            raise RefusedLineError("duplicate_key")
        child = document.get(outer)
        if isinstance(child, str) and _holds_more(child):
            child = document[outer] = _opened(child)  # once a line, however many fields lie in it
        document, field = _within_lists(child, field)
    if not field:
        return document
    if not isinstance(document, dict):
        return None
    if isinstance(document, _Repeating) and field in document.repeated:
        raise RefusedLineError("duplicate_key")
    return document.get(field)


def _holds_more(value: object) -> bool:
    """Whether something may be reached in it."""
    return value.lstrip()[:1] in ("{", "[") if isinstance(value, str) else isinstance(value, dict | list)


def _within_lists(child: object, field: str) -> tuple[object, str]:
    """What is reached in lists, which have places from 0 or objects with a `key`, and the way that is left."""
    while isinstance(child, list) and field:
        step, _, field = field.partition(".")
        if step.isascii() and step.isdigit():
            child = child[int(step)] if len(step) < 9 and int(step) < len(child) else None
        else:
            child = next((each for each in child if isinstance(each, dict) and each.get("key") == step), None)
    return child, field


def _opened(text: str) -> object:
    try:
        return parsed(text)
    except ValueError:
        return text


def as_text(value: object) -> str | None:
    """What a column of text gets of a value of JSON: lists of strings are joined, as MovieLens writes genres."""
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "|".join(value)
    return _as_json(value)


_written = json.JSONEncoder(ensure_ascii=False).encode


def _as_json(value: object) -> str:
    if any(isinstance(each, _Repeating) for each in _nests_within(value)):
        raise RefusedLineError("duplicate_key")
    return _written(value)


def _nests_within(value: object) -> Iterator[dict[str, object] | list[object]]:
    """The objects and lists of the value, itself included."""
    left = [value] if isinstance(value, dict | list) else []
    while left:
        each = left.pop()
        yield each
        within = each.values() if isinstance(each, dict) else each
        left += [inner for inner in within if isinstance(inner, (dict, list))]


def refuse_bad_characters(values: Sequence[str | None]) -> None:
    for value in values:
        if value is None:
            continue
        if "\0" in value:
            raise RefusedLineError("nul_byte")
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a pair of surrogates
            raise RefusedLineError("invalid_utf8") from None
