"""Encodings of text by name."""

import codecs
from typing import Annotated

from pydantic import AfterValidator

from interest_spark.config.names import nearest

UTF_8 = "utf-8"
COMMON = ("utf-8", "utf-16", "gbk", "gb18030", "big5", "latin-1", "cp1252", "cp1251", "shift_jis", "euc-kr")
"""Those that a message names."""

_LINE_BREAKS = {b"\n": True, b"\n\0": False, b"\0\n": False, b"\n\0\0\0": False, b"\0\0\0\n": False}
_UNFIT = ("iso2022", "hz", "utf-7", "punycode", "idna", "unicode-escape", "raw-unicode-escape")
"""Those in which a byte may mean one thing or another by what stands before it, and those that are no files'."""


def _known_encoding(name: str) -> str:
    try:
        encoding = codecs.lookup(name).name
        known = not encoding.startswith(_UNFIT) and _line_break(encoding) in _LINE_BREAKS
    except (LookupError, ValueError):
        known = False
    if not known:
        guess = nearest(name, COMMON)
        hint = f"did you mean {guess!r}? " if guess else ""
        raise ValueError(f"unknown encoding {name!r}; {hint}usual ones are {', '.join(COMMON)}")
    return UTF_8 if encoding == "utf-8-sig" else encoding


def breaks_lines_as_ascii(encoding: str) -> bool:
    """Whether a byte 10 is a line break and nothing else, so that a file can be cut there."""
    return _LINE_BREAKS[_line_break(encoding)]


def _line_break(encoding: str) -> bytes:
    """Of the second line: before the first one may stand a mark of the byte order."""
    return "\n\n".encode(encoding)[len("\n".encode(encoding)) :]


EncodingName = Annotated[str, AfterValidator(_known_encoding)]
"""The name of an encoding."""
