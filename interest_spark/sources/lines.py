"""Raw bytes to numbered lines, in bounded memory whatever the file holds."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import fsspec

_CHUNK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


class UnreadableFileError(Exception):
    """A raw file cannot be read to its end, so none of its day may be published."""


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
