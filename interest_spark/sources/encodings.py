"""Raw bytes of another encoding to UTF-8, block by block: all that follows knows UTF-8 alone."""

import codecs
from collections.abc import Iterator

from interest_spark.config.encodings import UTF_8

_UNKNOWN_BYTES, _KEPT = "interest_spark.unknown_bytes", "surrogatepass"


def to_utf8(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The blocks as UTF-8. Bytes that the encoding does not know become ones that are no UTF-8 either.

    A line with such bytes is thereby refused, as it is where the file is UTF-8.
    """
    if encoding == UTF_8:
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors=_UNKNOWN_BYTES)
    for block in blocks:
        if text := decoder.decode(block):
            yield text.encode("utf-8", errors=_KEPT)
    if text := decoder.decode(b"", final=True):
        yield text.encode("utf-8", errors=_KEPT)


def _as_surrogates(error: UnicodeError) -> tuple[str, int]:
    """Half a surrogate pair for each byte, which no UTF-8 has; `surrogateescape` knows bytes from 128 alone."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_UNKNOWN_BYTES, _as_surrogates)
