"""Raw files to rows: columns are found by the header's names, and a file's fault is a row."""

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.source import SourceConfig
from interest_spark.sources.lines import Lines
from interest_spark.sources.piece_rows import read_piece
from interest_spark.sources.pieces import Piece
from interest_spark.sources.raw_fields import RawFields
from tests.unit.sources.rows import Row, read_rows


def fault_of(rows: list[Row]) -> str:
    (row,) = rows
    assert (row.line, row.raw, row.reason) == (0, None, None) and row.fault
    return row.fault


def test_csv_fields_are_found_by_name_whatever_their_order(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes('\ufeffprice,商品\n1.5,"a ""b"", c"\n'.encode())
    source = SourceConfig(path="", format="csv")
    (row,) = read_rows(path, source, ["商品", "price"], 1000)
    assert (row.line, row.values, row.reason) == (2, ['a "b", c', "1.5"], None)


def test_refused_bytes_stay_readable(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'\xff{"id": 1}\n\n{"id"\0: 1}\n')
    rows = read_rows(path, SourceConfig(path=""), ["id"], 1000)
    assert [row.reason for row in rows] == ["invalid_utf8", "empty_line", "nul_byte"]
    assert rows[0].raw == '\\xff{"id": 1}'


@pytest.mark.parametrize("above", ["\n", "\r\n", "  \n\n", "\ufeff\n", "\ufeff"])
def test_a_csv_header_may_stand_below_blank_lines(tmp_path: Path, above: str) -> None:
    """The mapped fields in another order than the header's: taken for the header, they would permute the columns."""
    path = tmp_path / "orders.csv"
    path.write_text(f"{above}user,item\nu1,i1\n", encoding="utf-8", newline="")
    found = read_rows(path, SourceConfig(path="", format="csv"), ["item", "user"], 1000)
    assert [(row.values, row.reason) for row in found] == [(["i1", "u1"], None)]
    assert found[0].line == above.count("\n") + 2


def test_a_csv_whose_header_lacks_a_mapped_column_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("\nuser,price\nu1,3\n", encoding="utf-8")
    assert re.search(
        r"orders\.csv has no column 'item'; its header is 'user,price'",
        fault_of(read_rows(path, SourceConfig(path="", format="csv"), ["item", "user"], 1000)),
    )


@pytest.mark.parametrize("content", ["", "\n\n", " \r\n"])
def test_a_csv_without_any_text_has_no_rows(tmp_path: Path, content: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(content, encoding="utf-8", newline="")
    assert read_rows(path, SourceConfig(path="", format="csv"), ["item", "user"], 1000) == []


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("u1,i1", r"has no column 'item', 'user'; its header is 'u1,i1'"),
        (",,", "has no column 'item', 'user'"),
        ("user,item,user", "has more than once the column 'user'"),
        ("user,item," + "x" * 1000, "has a header line of 1010 bytes, more than ingest.max_line_bytes 1000"),
    ],
)
def test_a_header_that_does_not_say_where_a_mapped_column_is_refuses_the_file(
    tmp_path: Path, header: str, message: str
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f"\n{header}\nu1,i1,u2\n", encoding="utf-8")
    assert re.search(message, fault_of(read_rows(path, SourceConfig(path="", format="csv"), ["item", "user"], 1000)))


def test_a_header_that_no_csv_reader_takes_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text('user,item,"' + "x" * 140_000 + '"\nu1,i1,1\n', encoding="utf-8")  # longer than a field may be
    assert re.search(
        "no header that can be read: field larger than field limit",
        fault_of(read_rows(path, SourceConfig(path="", format="csv"), ["item", "user"], 1_000_000)),
    )


def test_a_header_of_the_configuration_holds_from_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("\nu1,i1\n", encoding="utf-8")
    source = SourceConfig(path="", format="csv", header=("user", "item"))
    rows = read_rows(path, source, ["item", "user"], 1000)
    assert [(row.line, row.values, row.reason) for row in rows] == [
        (1, [None, None], "empty_line"),
        (2, ["i1", "u1"], None),
    ]
    twice = source.model_copy(update={"header": ("user", "item", "item")})
    assert re.search("more than once the column 'item'", fault_of(read_rows(path, twice, ["item", "user"], 1000)))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("user,item\ru1,i1\ru2,i2", "has no header that can be read: new-line character"),
        ("user\r,item", "has no header that can be read: new-line character"),
        ('"user,item', "has no column 'item', 'user'"),
        ('user,item,"' + "x" * 131_073 + '"', "no header that can be read: field larger than field limit"),
        ("user,item," + "x" * 131_073, "no header that can be read: field larger than field limit"),
        ("\0user,item", "has no column 'user'"),
        ("\ud800user,item".encode("utf-8", "surrogatepass").decode("latin-1"), "has no column 'user'"),
        ("\ufeff\ufeffuser,item", "has no column 'user'"),
        ("x" * 100_000, "has no column 'item', 'user'"),
    ],
)
def test_an_odd_header_refuses_the_file_in_one_short_line(tmp_path: Path, header: str, message: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f"{header}\nu1,i1\n", encoding="utf-8", newline="")
    fault = fault_of(read_rows(path, SourceConfig(path="", format="csv"), ["item", "user"], 1_000_000))
    assert re.search(message, fault)
    assert len(fault) < 1_000 and fault.isprintable()


HEADER_NAME = st.text(st.characters(exclude_characters="\n\ufeff", exclude_categories=("Cs",)), max_size=5)


@given(
    st.lists(st.one_of(st.just("item"), HEADER_NAME), max_size=4).map(tuple),
    st.sampled_from(",;\t|x"),
    st.sampled_from(["", "\n", "\ufeff", "\r\n \n"]),
)
def test_a_header_names_a_mapped_column_once_or_refuses_the_file(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[str, ...], separator: str, above: str
) -> None:
    path = tmp_path_factory.mktemp("headers") / "orders.csv"
    header = separator.join(drawn)
    path.write_text(f"{above}{header}\nfirst{separator}second\n", encoding="utf-8", newline="")
    rows = read_rows(path, SourceConfig(path="", format="csv", separator=separator), ["item"], 1_000_000)
    faults = [row.fault for row in rows if row.fault]
    values = [row.values for row in rows if row.reason is None and not row.fault]
    if not {*header} & {*'"\r'}:  # else what the names are depends on the rules of quotes
        names = header.split(separator)
        assert bool(faults) == (names.count("item") != 1)
        if not faults:
            assert values == ([[["first", "second"][names.index("item")]]] if len(names) == 2 else [])
    assert len(faults) == len(rows) or not faults


def notes_of(path: Path, source: SourceConfig, fields: list[str]) -> list[str]:
    frames = list(read_piece(Piece(None, str(path)), source, RawFields(fields), 1000))
    return [note for frame in frames for note in frame["file_note"].unique().drop_nulls()]


def test_columns_that_are_not_read_may_have_one_name_but_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("user,note,item,note,,\nu1,a,i1,b,,\n", encoding="utf-8")
    source = SourceConfig(path="", format="csv")
    assert [row.values for row in read_rows(path, source, ["item", "user"], 1000)] == [["i1", "u1"]]
    assert notes_of(path, source, ["item"]) == [f"'{path}' has more than once the column 'note', '', which is not read"]
    named = SourceConfig(path="", format="csv", header=("user", "a", "item", "a", "b", "c"))
    assert notes_of(path, named, ["item"]) == [f"'{path}' has more than once the column 'a', which is not read"]
    path.write_text("user,item\nu1,i1\n", encoding="utf-8")
    assert notes_of(path, source, ["item"]) == []


def test_millions_of_blank_lines_above_a_header_take_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    line = Lines.line
    monkeypatch.setattr(Lines, "line", lambda *place: looked_at.append(place) or line(*place))
    path = tmp_path / "orders.csv"
    path.write_bytes(gzip.compress(b"\n" * 5_000_000 + b"user,item\nu1,i1\n"))
    rows = read_rows(path, SourceConfig(path="", format="csv"), ["item", "user"], 1000)
    assert [(row.line, row.values) for row in rows] == [(5_000_002, ["i1", "u1"])]
    assert len(looked_at) < 100_000


@pytest.mark.parametrize(
    ("name", "count"),
    [
        *[("k{}", 1), ("k{}", 300), ("k{}", 1_000), ("k{}", 3_000), ("k{}", 20_000), ("{}.*", 5_000)],
        *[("{}" + "a" * 999, 300), ("{}" + "商" * 999, 50), ("{}" + "商" * 999, 200)],
        *[("{}" + "\U0001f6d2" * 999, 90), ("{}" + "\U0001f6d2" * 40_000, 1)],
    ],
)
def test_lines_with_any_keys_are_read(tmp_path: Path, name: str, count: int) -> None:
    """An expression for all of them may be refused as too large."""
    path = tmp_path / "log"
    keys = ",".join(f'"{name.format(number)}":{number}' for number in range(count))
    path.write_text(f'{{"user":"u1",{keys}}}\n' * 101, encoding="utf-8")
    rows = read_rows(path, SourceConfig(path=""), ["user"], 1_000_000, chunk_bytes=1 << 26)
    assert [row.values for row in rows] == [["u1"]] * 101


def test_lines_with_one_very_long_text_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(('{"user":"u1","text":"' + "ab\\n" * 200_000 + '"}\n') * 120, encoding="utf-8")
    rows = read_rows(path, SourceConfig(path=""), ["user"], 1_000_000)
    assert [row.values for row in rows] == [["u1"]] * 120
