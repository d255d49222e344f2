"""Raw files to lines, chunk by chunk, in bounded memory whatever a file holds."""

from collections.abc import Iterator
from typing import IO

from interest_spark.config.encodings import UTF_8
from interest_spark.sources.blocks import peek
from interest_spark.sources.documents import PEEK_BYTES, documents_in, holds_documents
from interest_spark.sources.encodings import to_utf8
from interest_spark.sources.faults import READ_FAULTS, UnreadableFileError
from interest_spark.sources.lines import Lines, split_lines
from interest_spark.sources.packing import HEAD_BYTES, check_text, packing_of, unpacked
from interest_spark.sources.pieces import Piece
from interest_spark.sources.raw_paths import open_raw

CHUNK_BYTES = 8 << 20
_READ_BYTES = 1 << 20


def read_lines(
    piece: Piece,
    max_line_bytes: int,
    chunk_bytes: int = CHUNK_BYTES,
    encoding: str = UTF_8,
    *,
    may_hold_documents: bool = False,
) -> Iterator[Lines]:
    """The lines of a plain or packed file, or of a piece of a plain one, as UTF-8.

    A file that `may_hold_documents` of JSON, in arrays or without line breaks between them, gives one line for each.
    Raises UnreadableFileError with the line reached when the file is cut, corrupt, gone or no text.
    """
    path, number = piece.path, piece.first_line
    packing = None
    try:
        with open_raw(path, piece.size) as raw:
            packing = None if piece.start else packing_of(raw)
            with unpacked(raw, path, piece.start) as stream:
                blocks = to_utf8(_text_blocks(stream, piece, is_packed=packing is not None), encoding)
                if may_hold_documents and not piece.start:
                    head, blocks = peek(blocks, PEEK_BYTES)
                    if holds_documents(head):
                        for lines in documents_in(blocks, path, max_line_bytes, chunk_bytes):
                            number += len(lines)
                            yield lines
                        return
                for content, dropped in _whole_lines(blocks, max_line_bytes, chunk_bytes):
                    for lines in split_lines(content, number, dropped):
                        number += len(lines)
                        yield lines
    except EOFError:
        kind = packing or "packed"
        fault = f"{path} is a {kind} file cut off after line {number - 1}; deliver it again"
        raise UnreadableFileError(fault) from None
    except READ_FAULTS as error:
        raise UnreadableFileError(f"{path} cannot be read after line {number - 1}: {error}; deliver it again") from None


def _text_blocks(stream: IO[bytes], piece: Piece, *, is_packed: bool) -> Iterator[bytes]:
    blocks = _blocks(stream, piece)
    if is_packed:  # of others the first bytes are known already
        head, blocks = peek(blocks, HEAD_BYTES)
        check_text(head, f"what {piece.path} holds")
    return blocks


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
        except READ_FAULTS as error:
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
