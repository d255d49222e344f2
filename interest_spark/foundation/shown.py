"""Text that came from data, on its way to a person: nothing in it acts on a terminal, and none of it is endless."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from interest_spark.foundation.credentials import without_credentials

_MOST_OF_AN_ERROR = 4_000
_MOST_IN_A_LOG = 1_000

# Control characters move the cursor, direction marks turn a line round, and what has no width tells equal looking ids
# apart: each stands as its escape. Spaces of other widths are harmless, and common in Chinese and Japanese.
_ESCAPED_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_INVISIBLE = {
    *("\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\uffa0"),
    *map(chr, range(0x180B, 0x1810)),
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}
"""Letters and marks that nothing is drawn for: joiners, fillers, selectors of variants."""


def shown(text: object, most: int = 200) -> str:
    r"""The text as one line of at most `most` characters, with visible escapes for what acts on a terminal or hides.

    A longer text keeps its beginning, and says how long it was.

    >>> shown("u1" + chr(0x202e) + chr(27))
    'u1\\u202e\\x1b'
    >>> shown("a" * 900_000, most=30)
    'aaaaaaaa… (900000 characters)'
    """
    whole = str(text)
    pieces, length = [], 0
    for char in whole[: most + 1]:
        pieces.append(_visible(char))
        length += len(pieces[-1])
    if len(whole) <= most and length <= most:
        return "".join(pieces)
    end = f"… ({len(whole)} characters)"
    while pieces and length > most - len(end):
        length -= len(pieces.pop())
    return "".join(pieces) + end


def shown_error(error: object) -> str:
    """The message of a failure as one line; addresses in it are without their credentials."""
    return shown(without_credentials(str(error)), _MOST_OF_AN_ERROR)


def shown_values(value: Any) -> Any:
    """A log entry's value with every text in it, keys too, as `shown`, and without the credentials of addresses."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {shown(key): shown_values(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [shown_values(each) for each in value]
    return shown(without_credentials(str(value)), _MOST_IN_A_LOG)


def _visible(char: str) -> str:
    if " " <= char <= "~":
        return char
    hidden = char in _INVISIBLE or unicodedata.category(char) in _ESCAPED_CATEGORIES
    return char.encode("unicode_escape").decode("ascii") if hidden else char
