"""CSV as programs write it: escapes, no quotes, long separators, comments, headers again, line breaks in quotes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from interest_spark.config.source import SourceConfig
from interest_spark.sources.candidates import Admitted
from interest_spark.sources.delimited import Delimited
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.piece_rows import read_piece
from interest_spark.sources.pieces import Piece, _find_breaks, _ranges
from interest_spark.sources.raw_fields import RawFields
from tests.unit.sources.rows import Row, read_rows


def read(path: Path, content: str, chunk: int = 1 << 20, **keys: Any) -> list[Row]:
    path.write_bytes(content.encode())
    return read_rows(path, SourceConfig(path="", format="csv", **keys), ["id", "q"], 1000, chunk)


def values(rows: list[Row]) -> list[tuple[int, list[str | None]]]:
    assert [row.reason or row.fault for row in rows] == [None] * len(rows)
    return [(row.line, row.values) for row in rows]


def test_a_backslash_before_a_quote_as_spark_and_mysql_write_it(tmp_path: Path) -> None:
    content = 'id,q\n1,"19\\" red, large"\n2,"a\\\\"\n3,plain\\n\n4,"two "" also"\n5,\\N\n6,"a\\tb"\n'
    assert values(read(tmp_path / "log", content, escape="\\")) == [
        (2, ["1", '19" red, large']),
        (3, ["2", "a\\"]),
        (4, ["3", "plain\\n"]),
        (5, ["4", 'two " also']),
        (6, ["5", "\\N"]),
        (7, ["6", "a\\tb"]),
    ]


def test_without_quotes_a_quote_is_a_character(tmp_path: Path) -> None:
    content = 'id\tq\n1\t19" red\n2\t"a\n3\tb"\n'
    assert values(read(tmp_path / "log", content, separator="\t", quote="none")) == [
        (2, ["1", '19" red']),
        (3, ["2", '"a']),
        (4, ["3", 'b"']),
    ]


def test_without_quotes_an_escape_keeps_a_separator(tmp_path: Path) -> None:
    content = "id,q\n1,a\\,b\\\\\n2,\\N\n"
    assert values(read(tmp_path / "log", content, quote="none", escape="\\")) == [
        (2, ["1", "a,b\\"]),
        (3, ["2", "\\N"]),
    ]


def test_another_quote(tmp_path: Path) -> None:
    assert values(read(tmp_path / "log", "id,q\n1,'it''s, \"so\"'\n", quote="'")) == [(2, ["1", 'it\'s, "so"'])]


@pytest.mark.parametrize("separator", ["||", "::", "^|^", "\x01\x02", "、", "|||"])
def test_a_separator_of_several_characters(tmp_path: Path, separator: str) -> None:
    rows = [["id", "x", "q"], ["1", "a|b:c", "d"], ["2", "", f'"e{separator}""f"'], ["3", "", ""]]
    content = "".join(separator.join(row) + "\n" for row in rows)
    assert values(read(tmp_path / "log", content, separator=separator)) == [
        (2, ["1", "d"]),
        (3, ["2", f'e{separator}"f']),
        (4, ["3", ""]),
    ]


def test_comments_and_a_line_of_the_separator_are_no_data(tmp_path: Path) -> None:
    content = '\ufeffsep=;\n#Version: 1\n#Fields: id q\nid;q\n1;a\n# "note\n2;#b\n'
    assert values(read(tmp_path / "log", content, separator=";", comment="#")) == [(5, ["1", "a"]), (7, ["2", "#b"])]
    named = read(tmp_path / "log", "#c\n1;a\n", separator=";", comment="#", header=("id", "q"))
    assert values(named) == [(2, ["1", "a"])]
    assert values(read(tmp_path / "log", "sep=;\r\n1;a\r\n", separator=";", header=("id", "q"))) == [(2, ["1", "a"])]
    (row,) = read(tmp_path / "log", "sep=;\nid;q\n1;a\n")
    assert "says that ';' separates its cells, and the configuration ','" in (row.fault or "")


def test_the_header_again_in_the_middle_is_no_data(tmp_path: Path) -> None:
    content = "\ufeffid,q\r\n1,a\r\nid,q\r\n2,b\r\nid,x\r\n"
    assert values(read(tmp_path / "log", content)) == [(2, ["1", "a"]), (4, ["2", "b"]), (5, ["id", "x"])]


def test_line_breaks_within_quotes_are_of_the_cell(tmp_path: Path) -> None:
    content = 'id,q\n1,"a\nb\r\n\n""c"\n2,d\n"3\n","e"",\nf"\n'
    for chunk in (1, 5, 9, 1 << 20):
        assert values(read(tmp_path / "log", content, chunk)) == [
            (2, ["1", 'a\nb\r\n\n"c']),
            (6, ["2", "d"]),
            (7, ["3\n", 'e",\nf']),
        ]


def test_a_quote_that_nothing_closes_takes_no_other_line_with_it(tmp_path: Path) -> None:
    rows = read(tmp_path / "log", 'id,q\n1,"a\n2,b\n3,19" red\n4,"c,d"\n5,"e\n')
    assert [(row.line, row.values, row.reason) for row in rows] == [
        (2, [None, None], "unbalanced_quote"),
        (3, ["2", "b"], None),
        (4, ["3", '19" red'], None),
        (5, ["4", "c,d"], None),
        (6, [None, None], "unbalanced_quote"),
    ]


CELL = st.text(st.sampled_from("ab,\"\n;\\'|é"), max_size=5)


@given(
    st.lists(st.tuples(CELL, CELL), max_size=8),
    st.sampled_from([",", ";", "||", "é"]),
    st.sampled_from(['"', "'"]),
    st.sampled_from([None, "\\"]),
    st.sampled_from([1, 6, 1 << 20]),
)
def test_what_was_quoted_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    cells: list[tuple[str, str]],
    separator: str,
    quote: str,
    escape: str | None,
    chunk: int,
) -> None:
    def quoted(cell: str) -> str:
        if escape:
            cell = cell.replace(escape, escape * 2)
        return quote + cell.replace(quote, (escape or quote) + quote) + quote

    lines = [f"id{separator}q", *(separator.join(map(quoted, row)) for row in cells)]
    path = tmp_path_factory.mktemp("dialects") / "log"
    rows = read(path, "\n".join(lines) + "\n", chunk, separator=separator, quote=quote, escape=escape)
    assert [row.values for row in rows] == [list(row) for row in cells]
    starts = [2 + sum(line.count("\n") + 1 for line in lines[1 : place + 1]) for place in range(len(cells))]
    assert [row.line for row in rows] == starts


@given(
    st.lists(st.sampled_from([b"a", b",", b"|", b"||", b'"', b"\\", b"\n", b"#", b"\r", b"\xc3\xa9", b"\xff"])).map(
        b"".join
    ),
    st.sampled_from(["||", ","]),
    st.sampled_from(['"', "none"]),
    st.sampled_from([None, "\\"]),
    st.integers(1, 60),
)
def test_any_bytes_have_the_same_rows_in_any_chunks(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, separator: str, quote: str, escape: str | None, chunk: int
) -> None:
    path = tmp_path_factory.mktemp("dialects") / "log"
    path.write_bytes(content)
    source = SourceConfig(
        path="", format="csv", separator=separator, quote=quote, escape=escape, comment="#", header=("id", "q")
    )
    rows = read_rows(path, source, ["id"], 1000)
    assert read_rows(path, source, ["id"], 1000, chunk) == rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Delimited, "admit", lambda _, lines: Admitted.none(1))
        assert read_rows(path, source, ["id"], 1000) == rows  # one by one


def test_a_column_that_older_files_lack_is_empty_there(tmp_path: Path) -> None:
    path = tmp_path / "2024.csv"
    path.write_text("id,q\n1,a\n", encoding="utf-8")
    source = SourceConfig(path="", format="csv")
    (rows,) = read_piece(Piece(None, str(path)), source, RawFields(["id", "platform"], optional={"platform"}), 1000)
    assert rows.select("field_0", "field_1").rows() == [("1", None)]
    assert rows["file_note"].to_list() == [f"'{path}' has no column 'platform', which is empty there"]
    (rows,) = read_piece(Piece(None, str(path)), source, RawFields(["item", "platform"], optional={"platform"}), 1000)
    assert f"{path} has no column 'item'; its header is 'id,q'" in rows["file_fault"][0]


def test_a_large_file_with_line_breaks_in_quotes_is_one_piece(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for content, has_pieces in (('id,q\n1,"a"\n2,b\n', True), ('id,q\n1,"a\nb"\n2,c\n', False)):
        path.write_text(content, encoding="utf-8")
        ranges = _ranges(Delivery(None, str(path), len(content), ""))
        found = [_find_breaks((each, SourceConfig(path="", format="csv"))) for each in ranges]
        assert (None not in found) == has_pieces
        assert None not in [_find_breaks((each, SourceConfig(path="", format="csv", quote="none"))) for each in ranges]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"quote": "''"}, "\"''\" is no quote; write one character, or none"),
        ({"escape": '"'}, "must differ"),
        ({"escape": ",", "separator": ","}, "must differ"),
    ],
)
def test_a_dialect_that_cannot_be_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SourceConfig(path="", format="csv", **keys)
