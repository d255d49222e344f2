"""Date-time patterns as Spark has them, `yyyy/MM/dd HH:mm:ss`: their parts, and which patterns are read.

What each letter means: https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html. Letters that Spark does not
read either (`E`), and those that stand for names of zones or eras, are refused when the configuration is read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

LONGEST = {"y": 6, "M": 4, "L": 4, **dict.fromkeys("dHhKkms", 2), "S": 9, "a": 1, "X": 3, "x": 3, "Z": 3}
"""How often a letter may be repeated."""

HOURS = "HhKk"
OPENS, CLOSES = "[", "]"

_PART = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)|(?P<sign>.)", re.DOTALL)


@dataclass(frozen=True)
class Field:
    """A letter, so many times."""

    letter: str
    width: int

    @property
    def is_number(self) -> bool:
        return self.letter in "ydHhKkms" or (self.letter in "ML" and self.width < 3)


@dataclass(frozen=True)
class Literal:
    """Text that stands as it is, in upper or lower case."""

    text: str


@dataclass(frozen=True)
class Bracket:
    """The begin or end of a part that may be missing."""

    sign: str


Part = Field | Literal | Bracket


_OF_PYTHON = {
    **{"%Y": "yyyy", "%y": "yy", "%m": "MM", "%d": "dd", "%H": "HH", "%I": "hh", "%M": "mm", "%S": "ss"},
    **{"%f": "SSSSSS", "%z": "Z", "%p": "a", "%b": "MMM", "%B": "MMMM", "%T": "HH:mm:ss", "%F": "yyyy-MM-dd"},
}


def likely_pattern(text: str) -> str | None:
    """The pattern that a time format in the letters of Python or of moment.js means; None where none is known.

    >>> likely_pattern("%d/%b/%Y:%H:%M:%S %z"), likely_pattern("YYYY-MM-DDTHH:mm:ssZ")
    ("dd/MMM/yyyy:HH:mm:ss Z", "yyyy-MM-dd'T'HH:mm:ssZ")
    """
    if "%" in text:
        found = re.sub("%[A-Za-z]", lambda letter: _OF_PYTHON.get(letter[0], letter[0]), text)
    else:
        found = text.replace("Y", "y").replace("D", "d")
    found = re.sub("(?<=d)T(?=[Hh])", "'T'", found)
    try:
        parse_pattern(found)
    except ValueError:
        return None
    return found if found != text else None


def parse_pattern(pattern: str) -> list[Part]:
    """The parts of a pattern, in order. Raises ValueError, saying what is supported, for one that is not read.

    >>> parse_pattern("HH'h'[m]")
    [Field(letter='H', width=2), Literal(text='h'), Bracket(sign='['), Field(letter='m', width=1), Bracket(sign=']')]
    """
    parts = list(_parts(pattern))
    fields = [part for part in parts if isinstance(part, Field)]
    if not fields:
        raise _refusal(pattern, "it has no letter of a date or time")
    if len({field.letter for field in fields if field.letter in HOURS}) > 1:
        raise _refusal(pattern, "it has several letters for the hour")
    _check_neighbours(pattern, parts)
    return parts


def open_numbers(parts: Sequence[Part]) -> list[bool]:
    """For each part whether it ends numbers side by side of which the first may have any number of digits.

    >>> open_numbers(parse_pattern("yyyyMM ddHH"))
    [True, True, False, False, False]
    """
    found: list[bool] = []
    for part in parts:
        is_number = isinstance(part, Field) and part.is_number
        goes_on = bool(found) and found[-1]
        found.append(is_number and (goes_on or not _is_fixed(part)))
    return found


def _parts(pattern: str) -> Iterator[Part]:
    opened = 0
    for match in _PART.finditer(pattern):
        sign = match["sign"]
        if match["letters"]:
            yield _field(pattern, match["letters"])
        elif sign is None:
            yield Literal(match["quoted"].replace("''", "'") or "'")
        elif sign in OPENS + CLOSES:
            opened += 1 if sign == OPENS else -1
            if opened < 0:
                raise _refusal(pattern, "it has a ] without a [")
            yield Bracket(sign)
        elif sign in "'{}#":
            raise _refusal(pattern, f"it has a {sign} outside of quotes")
        else:
            yield Literal(sign)
    yield from [Bracket(CLOSES)] * opened


def _field(pattern: str, letters: str) -> Field:
    most = LONGEST.get(letters[0], 0)
    if not most:
        raise _refusal(pattern, f"the letter {letters[0]} is not supported")
    if len(letters) > most:
        raise _refusal(pattern, f"{letters} has more than {most} letters")
    return Field(letters[0], len(letters))


def _check_neighbours(pattern: str, parts: Sequence[Part]) -> None:
    """Refuse digits side by side of which nobody can say where one number ends and the next begins."""
    for (part, after), is_open in zip(pairwise(parts), open_numbers(parts), strict=False):
        takes_digits = is_open or (isinstance(part, Field) and part.letter in "SXxZ")
        if takes_digits and _begins_with_digit(after) and not (is_open and _is_fixed(after)):
            raise _refusal(pattern, "digits follow digits there, so that it is open where a number ends")


def _begins_with_digit(part: Part) -> bool:
    if isinstance(part, Field):
        return part.is_number or part.letter == "S"
    return isinstance(part, Literal) and part.text[0].isdigit()


def _is_fixed(part: Part) -> bool:
    """Whether it is a number of two digits, no more and no less."""
    return isinstance(part, Field) and part.is_number and part.width == 2


def _refusal(pattern: str, why: str) -> ValueError:
    known = ", ".join(letter * most for letter, most in LONGEST.items())
    return ValueError(
        f"the date-time pattern {pattern!r} cannot be read: {why}. Supported are iso, unix_s, unix_ms, unix_us, "
        f"unix_ns, and patterns of up to {known}, 'text' and [optional parts]"
    )
