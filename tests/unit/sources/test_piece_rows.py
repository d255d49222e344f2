"""Raw files to rows: columns are found by the header's names, and a file's fault is a row."""

import re
from pathlib import Path

import pytest

from interest_spark.config.sources import SourceConfig
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
