"""Raw bytes to lines: exact, bounded, and loud about a file that cannot be read to its end."""

import gzip
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from interest_spark.sources import chunks
from interest_spark.sources.chunks import read_lines
from interest_spark.sources.faults import UnreadableFileError
from interest_spark.sources.lines import Line
from interest_spark.sources.packing import kind_of, packing_of
from interest_spark.sources.pieces import Piece


def lines_of(path: Path, max_line_bytes: int, chunk_bytes: int = chunks.CHUNK_BYTES) -> list[Line]:
    read = read_lines(Piece(None, str(path)), max_line_bytes, chunk_bytes)
    return [part.line(place, max_line_bytes) for part in read for place in range(len(part))]


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), max_size=30))
def test_every_line_comes_once_in_order(tmp_path_factory: pytest.TempPathFactory, content: list[bytes]) -> None:
    head = b"".join(line + b"\n" for line in content)
    assume(packing_of(BytesIO(head)) is None and kind_of(head, head[-8:]) is None)  # it is text
    path = tmp_path_factory.mktemp("lines") / "log"
    path.write_bytes(b"".join(line + b"\n" for line in content))
    read = lines_of(path, 1000)
    assert [line.content for line in read] == content
    assert [line.number for line in read] == list(range(1, len(content) + 1))


def test_a_last_line_without_a_break_and_windows_breaks_count(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a\r\nb\nc")
    assert [line.content for line in lines_of(path, 10)] == [b"a", b"b", b"c"]


def test_a_huge_line_is_cut_but_its_length_is_known(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a\n" + b"x" * 10_000_000 + b"\nb\n")
    first, huge, last = lines_of(path, 1_000_000)
    assert (len(huge.content), huge.length) == (1_000_000, 10_000_000)
    assert (first.content, last.content, last.number) == (b"a", b"b", 3)


def test_memory_stays_bounded_on_a_file_without_line_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_READ_BYTES", 100)
    path = tmp_path / "log"
    path.write_bytes(b"x" * 12_345)
    (only,) = lines_of(path, 50, chunk_bytes=200)
    assert (len(only.content), only.length) == (50, 12_345)


def test_gzip_is_known_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(b"a\nb\n"))
    assert [line.content for line in lines_of(path, 10)] == [b"a", b"b"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_an_unreadable_file_names_itself_and_the_remedy(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "log.gz"
    whole = gzip.compress(b"".join(b"%d line\n" % n for n in range(50_000)))
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        path.write_bytes(whole[:-6] + bytes([whole[-6] ^ 255]) + whole[-5:])
    with pytest.raises(UnreadableFileError, match=r"log\.gz.*line \d+.*deliver it again"):
        lines_of(path, 1000)
