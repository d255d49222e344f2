"""Raw files to lines, chunk by chunk, in bounded memory whatever a file holds."""

import gzip
import zlib
from collections.abc import Iterator
from typing import IO, Any

from interest_spark.sources.lines import Lines, split_lines
from interest_spark.sources.pieces import Piece, is_gzip
from interest_spark.sources.raw_paths import open_raw

CHUNK_BYTES = 8 << 20
_READ_BYTES = 1 << 20


class UnreadableFileError(Exception):
    """A raw file cannot be read to its end, so none of its day may be published."""


def read_lines(piece: Piece, max_line_bytes: int, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Lines]:
    """The lines of a plain or gzip file, or of a piece of a plain one; gzip is recognised by a file's first bytes.

    Raises UnreadableFileError with the line reached when the file is cut, corrupt or gone.
    """
    path, number = piece.path, piece.first_line
    try:
        with open_raw(path, piece.size) as raw, _opened(raw, piece) as stream:
            for content, dropped in _whole_lines(_blocks(stream, piece), max_line_bytes, chunk_bytes):
                for lines in split_lines(content, number, dropped):
                    number += len(lines)
                    yield lines
    except EOFError:
        raise UnreadableFileError(f"{path} is a gzip file cut off after line {number - 1}; deliver it again") from None
    except (OSError, zlib.error) as error:
        raise UnreadableFileError(f"{path} cannot be read after line {number - 1}: {error}; deliver it again") from None


def _opened(raw: Any, piece: Piece) -> IO[bytes]:
    gzipped = piece.start == 0 and is_gzip(raw)
    raw.seek(piece.start)
    return gzip.open(raw, "rb") if gzipped else raw


def _blocks(stream: IO[bytes], piece: Piece) -> Iterator[bytes]:
    """The bytes of the piece in the order of the file."""
    left = None if piece.end is None else piece.end - piece.start
    while left != 0:
        block = stream.read(_READ_BYTES if left is None else min(left, _READ_BYTES))
        if block and left is not None:
            left -= len(block)
        elif not block and left is not None:
            raise OSError("it became shorter while it was read")
        elif not block:
            return
        yield block


def _whole_lines(blocks: Iterator[bytes], max_line_bytes: int, chunk_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Chunks that end with a line, and how many bytes of a chunk's first line were dropped as more than allowed.

    All lines before a fault come before its exception.
    """
    parts, size, dropped = [b""], 0, 0
    fault: Exception | None = None
    while True:
        try:
            block = next(blocks, b"")
        except (OSError, EOFError, zlib.error) as error:
            block, fault = b"", error
        parts.append(block)
        size += len(block)
        if block and size < chunk_bytes:
            continue
        content = b"".join(parts)
        cut = content.rfind(b"\n") + 1
        unfinished = content[cut:]
        if cut:
            yield content[:cut], dropped
            dropped = 0
        if fault:
            raise fault
        if not block:
            break
        dropped += max(len(unfinished) - max_line_bytes, 0)
        parts, size = [unfinished[:max_line_bytes]], 0
    if unfinished:
        yield unfinished, dropped
