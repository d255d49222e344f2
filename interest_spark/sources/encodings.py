"""Raw bytes of another encoding to UTF-8, block by block: all that follows knows UTF-8 alone."""

import codecs
from collections.abc import Iterator

from interest_spark.config.encodings import UTF_8
from interest_spark.sources.blocks import peek

_MARKS = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}
_UNKNOWN_BYTES, _KEPT = "interest_spark.unknown_bytes", "surrogatepass"


def to_utf8(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The blocks as UTF-8. Bytes that the encoding does not know become ones that are no UTF-8 either.

    A line with such bytes is thereby refused, as it is where the file is UTF-8.
    """
    if encoding == UTF_8:
        yield from blocks
        return
    head, blocks = peek(blocks, len(codecs.BOM_UTF32))
    decoder = codecs.getincrementaldecoder(_with_byte_order(encoding, head))(errors=_UNKNOWN_BYTES)
    for block in blocks:
        if text := decoder.decode(block):
            yield text.encode("utf-8", errors=_KEPT)
    if text := decoder.decode(b"", final=True):
        yield text.encode("utf-8", errors=_KEPT)


def _with_byte_order(encoding: str, head: bytes) -> str:
    """Of UTF-16 and UTF-32 that do not say their byte order: little-endian as on the Web, unless a file begins with 0.

    WHATWG, "Encoding", takes `utf-16` for little-endian, which is how Windows writes it.
    """
    if encoding not in _MARKS or head.startswith(_MARKS[encoding]):
        return encoding
    return f"{encoding}-{'be' if head.startswith(bytes(1)) else 'le'}"


def _as_surrogates(error: UnicodeError) -> tuple[str, int]:
    """Half a surrogate pair for each byte, which no UTF-8 has; `surrogateescape` knows bytes from 128 alone."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_UNKNOWN_BYTES, _as_surrogates)
