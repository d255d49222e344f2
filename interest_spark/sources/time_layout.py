"""Time formats as regular expressions over whole texts, with the field that each of their groups is."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from interest_spark.config.time_pattern import OPENS, Bracket, Field, Literal, Part, open_numbers, parse_pattern

LINE_END = r"(?:\r\n|[\n\r])?"  # one that ends the text counts as little in Java's expressions as it does here
_SPACE = r"[ \t\n\x0b\f\r]?"
_OFFSET = rf"{_SPACE}(Z|z|UTC|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?"
_FRACTION = r"(?:[.,]([0-9]{1,9}))?"
_EXTENDED = rf"[Tt ]([0-9]{{2}}):([0-9]{{2}})(?::([0-9]{{2}}){_FRACTION})?{_OFFSET}"
_BASIC = rf"[Tt]([0-9]{{2}})([0-9]{{2}})(?:([0-9]{{2}}){_FRACTION})?{_OFFSET}"
_ISO = rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})(?:{_EXTENDED})?{_SPACE}{LINE_END}"
_ISO_BASIC = rf"([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})(?:{_BASIC})?{_SPACE}{LINE_END}"

MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_SIXTY = "[0-5][0-9]"  # Java takes no hour or minute above 59 for one of an offset; it minds those above 18 later
OFFSETS = {
    "X": (rf"Z|[+-]{_SIXTY}(?:{_SIXTY})?", rf"Z|[+-]{_SIXTY * 2}", rf"Z|[+-]{_SIXTY}:{_SIXTY}"),
    # What begins with +00 is no offset at all, and ends there.
    "x": (
        rf"\+00|(?:-{_SIXTY}|\+(?:0[1-9]|[1-5][0-9]))(?:{_SIXTY})?",
        rf"[+-]{_SIXTY * 2}",
        rf"[+-]{_SIXTY}:{_SIXTY}",
    ),
    "Z": (rf"[+-]{_SIXTY * 2}",) * 3,
}


@dataclass(frozen=True)
class Layout:
    """An expression over the whole of a text, and the field that each of its groups is."""

    expression: str
    fields: Sequence[Field]
    at_once: bool = True  # for many texts; expressions with parts that may be missing need Python's


@lru_cache
def layout_of(pattern: str) -> Layout:
    """The layout of a Spark date-time pattern; ValueError for one that is not supported."""
    parts = parse_pattern(pattern)
    at_once = not any(isinstance(part, Bracket) for part in parts)
    expression = "".join(_expressions(parts, at_once=at_once))
    fields = [part for part in parts if isinstance(part, Field)]
    return Layout(f"(?i){expression}", fields, at_once)


def _expressions(parts: Sequence[Part], *, at_once: bool) -> Iterator[str]:
    """A regular expression a part. Java's parser takes what it can and never goes back, which parts that may be
    missing have to be told.
    """
    ends = open_numbers(parts)
    minus = "-?" if at_once else "(?:-(?=0*[1-9]))?"  # of a number that is out of range, but there
    for place, part in enumerate(parts):
        if isinstance(part, Bracket):
            yield "(?:" if part.sign == OPENS else ")?+"
        elif isinstance(part, Literal):
            yield re.escape(part.text)
        else:
            atom = "?>" if not at_once and not part.is_number else "?:"
            yield f"(({atom}{_field_expression(part, minus)}))"
        ends_numbers = ends[place] and not (place + 1 < len(parts) and ends[place + 1])
        if ends_numbers and not at_once:
            yield "(?![0-9])"


def _field_expression(field: Field, minus: str) -> str:
    if field.letter in OFFSETS:
        return OFFSETS[field.letter][field.width - 1]
    if field.letter == "S":
        return f"[0-9]{{1,{field.width}}}"
    if field.letter == "a":
        return "AM|PM"
    if not field.is_number:
        return "|".join(month_name(name, field) for name in MONTHS)
    if field.width == 2:
        return "[0-9]{2}"
    if field.width < 4:
        return f"{minus}[0-9]{{{field.width},19}}"
    return f"[0-9]{{{field.width}}}|\\+[0-9]{{{field.width + 1},19}}|-[0-9]{{{field.width},19}}"


def month_name(name: str, field: Field) -> str:
    """A month's English name, short or long, as the field has it."""
    return name if field.width == 4 else name[:3]


_ISO_FIELDS = [Field(letter, 2 if letter in "MdHms" else 4) for letter in "yMdHmsSZ"]
ISO_LAYOUT, ISO_BASIC_LAYOUT = Layout(_ISO, _ISO_FIELDS), Layout(_ISO_BASIC, _ISO_FIELDS)
"""ISO 8601's extended and basic format: a date, with a time or at midnight; of an offset the hours will do."""
