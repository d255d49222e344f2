"""Packed raw files, which their first bytes tell, and files that hold no lines at all, which a message names."""

import bz2
import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa

from interest_spark.sources.faults import UnreadableFileError

HEAD_BYTES = 512
"""So many of a file's first bytes tell what it is."""
_TAR_MARK = slice(257, 262)

_MARKED_AT_END = (b"PAR1", b"ORC")
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook, or another old Office document"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x04\x22\x4d\x18", "an LZ4 file"),
    (b"\xff\x06\x00\x00sNaPpY", "a Snappy file"),
    (b"Obj\x01", "an Avro file"),
    (b"SEQ\x06", "a Hadoop sequence file"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
"""First bytes that no text has, and what begins so."""


def check_text(head: bytes, path: str, tail: bytes = b"") -> None:
    """Raise UnreadableFileError for a file that is of another kind than lines, by its first and last bytes."""
    if kind := kind_of(head, tail):
        raise UnreadableFileError(f"{path} is {kind}; {_remedy(kind)}")


def kind_of(head: bytes, tail: bytes = b"") -> str | None:
    """What a file is that holds no lines of text; None where it may."""
    if head[_TAR_MARK] == b"ustar":
        return "a tar archive"
    if head.startswith(b"PAR1") and tail.endswith((b"PAR1", b"PARE")):
        return "a Parquet file"
    if head.startswith(b"ORC") and tail[-4:-1] == b"ORC":
        return "an ORC file"
    return next((kind for mark, kind in _FOREIGN if head.startswith(mark)), None)


@contextmanager
def unpacked(raw: Any, path: str, start: int) -> Iterator[IO[bytes]]:
    """The content of an open file from a place on; as it is unless it is gzip, bzip2, zstd or a zip of one file.

    Raises UnreadableFileError for what holds no lines: an archive of several files, a spreadsheet, a picture.
    """
    if start:  # a packed file has no pieces
        raw.seek(start)
        yield raw
        return
    head, tail = ends_of(raw)
    packing = _packing(head)
    if packing is None:
        check_text(head, path, tail)
        raw.seek(0)
        yield raw
        return
    raw.seek(0)
    with _open(packing, raw, path) as stream:
        yield stream


def packing_of(raw: Any) -> str | None:
    """How an open file is packed, by its first bytes; None where it is not."""
    raw.seek(0)
    return _packing(raw.read(HEAD_BYTES))


def _packing(head: bytes) -> str | None:
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bzip2"
    return "zip" if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) else None


def ends_of(raw: Any) -> tuple[bytes, bytes]:
    """The first and the last bytes of an open file, which tell what it is."""
    raw.seek(0)
    head = bytes(raw.read(HEAD_BYTES))
    if not head.startswith(_MARKED_AT_END):
        return head, b""
    raw.seek(max(raw.seek(0, 2) - 8, 0))
    return head, bytes(raw.read(8))


def _open(packing: str, raw: Any, path: str) -> Any:
    if packing == "gzip":
        return gzip.open(raw, "rb")
    if packing == "bzip2":
        return bz2.open(raw, "rb")
    return pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd") if packing == "zstd" else _open_zip(raw, path)


def _open_zip(raw: Any, path: str) -> Any:
    archive = zipfile.ZipFile(raw)
    names = archive.namelist()
    if "[Content_Types].xml" in names or "mimetype" in names:
        kind = "an Excel workbook" if any(name.startswith("xl/") for name in names) else "an Office document"
        raise UnreadableFileError(f"{path} is {kind}; {_remedy(kind)}")
    members = [each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        raise UnreadableFileError(
            f"{path} is a zip archive of {len(members)} files, and may be of one; deliver each as a file of its own"
        )
    if members[0].flag_bits & 1:
        raise UnreadableFileError(f"{path} is a zip archive with a password; deliver the file in it")
    try:
        return archive.open(members[0])
    except NotImplementedError as error:
        raise UnreadableFileError(f"{path} is a zip archive of an unusual kind: {error}; deliver it as gzip") from None


def _remedy(kind: str) -> str:
    if kind == "a Parquet file":
        return "set the source's format to parquet"
    if kind == "an ORC file":
        return "set the source's format to orc"
    return "deliver JSON Lines, CSV, Parquet or ORC, plain or packed as gzip, bzip2, zstd or a zip of one file"
