"""Text of other encodings is read as the same text in UTF-8 is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from interest_spark.config.source import SourceConfig
from interest_spark.sources import chunks
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.pieces import _Breaks, _has_pieces, _sized_pieces
from tests.unit.sources.rows import read_rows

ROWS = [["会员", "茶叶, 250 克"], ["乙", "保温杯"]]
CSV = '会员号,商品\n会员,"茶叶, 250 克"\n乙,保温杯\n'


@pytest.mark.parametrize(
    "encoding", ["gbk", "GB18030", "utf-16", "utf-16-le", "utf_16_be", "utf8", "utf-8-sig", "big5"]
)
def test_header_and_content_are_in_the_encoding(tmp_path: Path, encoding: str) -> None:
    text = CSV.replace("会员", "會員").replace("号", "號") if encoding == "big5" else CSV
    text = text.replace("叶", "葉").replace("温", "溫") if encoding == "big5" else text
    (tmp_path / "log").write_bytes(text.encode(encoding))
    header = text.split("\n")[0].split(",")
    rows = read_rows(tmp_path / "log", SourceConfig(path="", format="csv", encoding=encoding), header, 1000)
    expected = ROWS if encoding != "big5" else [["會員", "茶葉, 250 克"], ["乙", "保溫杯"]]
    assert [(row.line, row.values) for row in rows] == [(2, expected[0]), (3, expected[1])]


def test_json_in_latin_1(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes('[{"id": "Café"}, {"id": "Müller"}]'.encode("latin-1"))
    rows = read_rows(tmp_path / "log", SourceConfig(path="", encoding="latin-1"), ["id"], 1000)
    assert [row.values for row in rows] == [["Café"], ["Müller"]]


def test_bytes_that_the_encoding_does_not_know_refuse_their_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes("茶\n".encode("gbk") + b"\xff\xe4\xb8\xad\n" + "杯\n".encode("gbk"))
    source = SourceConfig(path="", format="csv", encoding="gbk", header=("a",))
    rows = read_rows(tmp_path / "log", source, ["a"], 1000)
    assert [(row.values, row.reason) for row in rows] == [(["茶"], None), ([None], "invalid_utf8"), (["杯"], None)]


def test_half_a_character_at_the_end_refuses_its_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes("a\nb".encode("utf-16-le") + b"c")
    source = SourceConfig(path="", format="csv", encoding="utf-16-le", header=("a",))
    assert [row.reason for row in read_rows(tmp_path / "log", source, ["a"], 1000)] == [None, "invalid_utf8"]


@pytest.mark.parametrize("written", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_a_file_without_a_mark_of_its_byte_order_is_read(tmp_path: Path, written: str) -> None:
    (tmp_path / "log").write_bytes("a,茶\nb,杯\n".encode(written))
    source = SourceConfig(path="", format="csv", encoding=written[:6], header=("a", "b"))
    rows = read_rows(tmp_path / "log", source, ["b"], 1000)
    assert [(row.line, row.values) for row in rows] == [(1, ["茶"]), (2, ["杯"])]


@given(
    st.lists(st.text(st.sampled_from("aé商用\U0001f6d2\r,"), max_size=6)),
    st.integers(1, 9),
    st.sampled_from(["gb18030", "utf-16"]),
)
def test_any_text_comes_out_equal(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], read: int, encoding: str
) -> None:
    folder = tmp_path_factory.mktemp("encodings")
    content = "".join(f"{line}\n" for line in lines)
    found = []
    for name in ("utf-8", encoding):
        (folder / "log").write_bytes(content.encode(name))
        source = SourceConfig(path="", format="csv", separator=";", encoding=name, header=("a",))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chunks, "_READ_BYTES", read)
            found.append(read_rows(folder / "log", source, ["a"], 1000))
    assert found[0] == found[1]


def test_only_encodings_with_line_breaks_of_one_byte_have_pieces(tmp_path: Path) -> None:
    assert _has_pieces(SourceConfig(path="", encoding="gbk"))
    assert not _has_pieces(SourceConfig(path="", encoding="utf-16"))
    content = "茶\n杯\n壶\n".encode("gbk")
    (tmp_path / "log").write_bytes(content)
    delivery = Delivery("2026-01-02", str(tmp_path / "log"), len(content), "")
    pieces = [piece for piece, _ in _sized_pieces(delivery, [_Breaks(1, 2), _Breaks(2, 5)])]
    source = SourceConfig(path="", format="csv", encoding="gbk", header=("a",))
    rows = [row for piece in pieces for row in read_rows(tmp_path / "log", source, ["a"], 1000, piece=piece)]
    assert len(pieces) == 2
    assert [(row.line, row.values) for row in rows] == [(1, ["茶"]), (2, ["杯"]), (3, ["壶"])]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gkb", "unknown encoding 'gkb'; did you mean 'gbk'"),
        ("utf-7", "unknown encoding 'utf-7'"),
        ("iso2022_jp", "unknown encoding"),
        ("base64", "unknown encoding"),
        ("cp037", "unknown encoding"),
        ("unicode_escape", "unknown encoding"),
        ("", "unknown encoding ''"),
    ],
)
def test_an_unknown_encoding_is_refused_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SourceConfig(path="", encoding=name)
