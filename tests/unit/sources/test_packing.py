"""Packed files have the lines of what is in them; files of other kinds are refused by their names."""

import bz2
import gzip
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from interest_spark.config.source import SourceConfig
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.pieces import _find_breaks, _ranges
from tests.unit.sources.rows import Row, read_rows

LINES = b"".join(b'{"id": "%d"}\n' % number for number in range(500))


def zipped(*names: str, content: bytes = LINES) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return buffer.getvalue()


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


PACKED = {
    "gzip": gzip.compress(LINES),
    "gzip files together": gzip.compress(LINES[:1300]) + gzip.compress(LINES[1300:]),
    "bzip2": bz2.compress(LINES),
    "zstd": zstd(LINES),
    "zstd frames together": zstd(LINES[:1300]) + zstd(LINES[1300:]),
    "zip": zipped("log.jsonl"),
    "zip with a folder": zipped("logs/", "logs/log.jsonl", "__MACOSX/logs/._log.jsonl"),
}


def read(path: Path, content: bytes) -> list[Row]:
    path.write_bytes(content)
    return read_rows(path, SourceConfig(path=""), ["id"], 1000)


@pytest.mark.parametrize("kind", PACKED)
def test_a_packed_file_has_the_lines_within(tmp_path: Path, kind: str) -> None:
    rows = read(tmp_path / "log", PACKED[kind])
    assert [(row.line, row.values, row.fault) for row in rows] == [
        (number + 1, [str(number)], None) for number in range(500)
    ]
    delivery = Delivery(None, str(tmp_path / "log"), len(PACKED[kind]), "")
    assert [_find_breaks((each, SourceConfig(path=""))) for each in _ranges(delivery)] == [None]


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "zstd", "zip"])
def test_a_packed_file_that_was_cut_is_refused(tmp_path: Path, kind: str) -> None:
    *_, last = read(tmp_path / "log", PACKED[kind][: len(PACKED[kind]) // 2])
    assert (last.line, last.values) == (0, [None])
    assert "deliver it again" in (last.fault or "") and str(tmp_path / "log") in (last.fault or "")


TAR = b"log.jsonl".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 300
FOREIGN = {
    "is a tar archive": TAR,
    "what {} holds is a tar archive": gzip.compress(TAR),
    "is an Excel workbook": zipped("[Content_Types].xml", "xl/workbook.xml"),
    "is an Office document": zipped("[Content_Types].xml", "word/document.xml"),
    "is an Excel workbook, or": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "is a PNG picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 20,
    "is a JPEG picture": b"\xff\xd8\xff\xe0" + b"\0" * 20,
    "is a PDF document": b"%PDF-1.7\n",
    "is a zip archive of 2 files, and may be of one": zipped("a.jsonl", "b.jsonl"),
    "is a zip archive of 0 files": zipped(),
    "is a Parquet file; set the source's format to parquet": b"PAR1" + b"\0" * 20 + b"PAR1",
    "is an ORC file; set the source's format to orc": b"ORC\n" + b"\0" * 20 + b"ORC\x17",
    "is an Avro file": b"Obj\x01\x04",
    "is an xz file": b"\xfd7zXZ\x00\x00",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_another_kind_is_refused_by_its_name(tmp_path: Path, kind: str) -> None:
    (row,) = read(tmp_path / "log", FOREIGN[kind])
    assert kind.format(tmp_path / "log") in (row.fault or "")
    assert len((row.fault or "").splitlines()) == 1


def test_text_that_begins_like_another_kind_is_text(tmp_path: Path) -> None:
    for content in (b"ORCID,name\n", b"PAR1\n", b"BZh9 is bzip2\n", b"PK,name\n"):
        assert [row.reason for row in read(tmp_path / "log", content)] == ["not_json"]
