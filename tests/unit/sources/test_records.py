"""Lines to fields: what is accepted keeps the shop's own text, what is refused says why and loses nothing."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.sources import SourceConfig
from interest_spark.sources.lines import UnreadableFileError
from interest_spark.sources.records import RefusedLineError, csv_decoder, json_decoder, read_records

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\n\r"), max_size=20)


@given(st.dictionaries(TEXT.filter(lambda key: "." not in key), TEXT, min_size=1, max_size=5))
def test_json_text_comes_back_as_written(document: dict[str, str]) -> None:
    fields = sorted(document)
    for ascii_only in (True, False):
        line = json.dumps(document, ensure_ascii=ascii_only)
        assert json_decoder(fields)(line) == [document[field] for field in fields]


@given(st.integers(-(10**40), 10**40))
def test_json_integers_of_any_size_keep_their_digits(number: int) -> None:
    assert json_decoder(["id"])(json.dumps({"id": number})) == [str(number)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1', "not_json"),
        ('{"id": 1}{"id": 2}', "not_json"),
        ('{"id": 1} tail', "not_json"),
        ("[" * 100_000, "not_json"),
        ("[1, 2]", "not_an_object"),
        ('"text"', "not_an_object"),
        ("null", "not_an_object"),
        ('{"id": "a\\u0000b"}', "nul_byte"),
        ('{"id": "\\ud800"}', "invalid_utf8"),
    ],
)
def test_refused_json(line: str, reason: str) -> None:
    with pytest.raises(RefusedLineError, match=f"^{reason}$"):
        json_decoder(["id"])(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a,b", "wrong_field_count"),
        ('a,"b,c', "unbalanced_quote"),
        ('a,"b"x,c', "unbalanced_quote"),
        ("a,b,c,d", "wrong_field_count"),
    ],
)
def test_refused_csv(line: str, reason: str) -> None:
    with pytest.raises(RefusedLineError, match=f"^{reason}$"):
        csv_decoder(["x", "y", "z"], ["x"], ",")(line)


def test_csv_fields_are_found_by_name_whatever_their_order(tmp_path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes('\ufeffprice,商品\n1.5,"a ""b"", c"\n'.encode())
    source = SourceConfig(path="", format="csv")
    (record,) = read_records(str(path), source, ["商品", "price"], 1000)
    assert (record.line, list(record.values), record.reason) == (2, ['a "b", c', "1.5"], None)


def test_refused_bytes_stay_readable(tmp_path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'\xff{"id": 1}\n\n{"id"\0: 1}\n')
    records = list(read_records(str(path), SourceConfig(path=""), ["id"], 1000))
    assert [record.reason for record in records] == ["invalid_utf8", "empty_line", "nul_byte"]
    assert records[0].raw == '\\xff{"id": 1}'


@pytest.mark.parametrize("above", ["\n", "\r\n", "  \n\n", "\ufeff\n", "\ufeff"])
def test_a_csv_header_may_stand_below_blank_lines(tmp_path: Path, above: str) -> None:
    """The mapped fields in another order than the header's: taken for the header, they would permute the columns."""
    path = tmp_path / "orders.csv"
    path.write_text(f"{above}user,item\nu1,i1\n", encoding="utf-8", newline="")
    found = list(read_records(str(path), SourceConfig(path="", format="csv"), ["item", "user"], 1000))
    assert [(list(record.values), record.reason) for record in found] == [(["i1", "u1"], None)]
    assert found[0].line == above.count("\n") + 2


def test_a_csv_whose_header_lacks_a_mapped_column_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("\nuser,price\nu1,3\n", encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"orders\.csv has no column 'item'; its header is 'user,price'"):
        list(read_records(str(path), SourceConfig(path="", format="csv"), ["item", "user"], 1000))


@pytest.mark.parametrize("content", ["", "\n\n", " \r\n"])
def test_a_csv_without_any_text_has_no_records(tmp_path: Path, content: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(content, encoding="utf-8", newline="")
    assert list(read_records(str(path), SourceConfig(path="", format="csv"), ["item", "user"], 1000)) == []


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
    with pytest.raises(UnreadableFileError, match=message):
        list(read_records(str(path), SourceConfig(path="", format="csv"), ["item", "user"], 1000))


def test_a_header_that_no_csv_reader_takes_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text('user,item,"' + "x" * 140_000 + '"\nu1,i1,1\n', encoding="utf-8")  # longer than a field may be
    with pytest.raises(UnreadableFileError, match="no header that can be read: field larger than field limit"):
        list(read_records(str(path), SourceConfig(path="", format="csv"), ["item", "user"], 1_000_000))


def test_a_header_of_the_configuration_holds_from_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("\nu1,i1\n", encoding="utf-8")
    source = SourceConfig(path="", format="csv", header=("user", "item"))
    records = list(read_records(str(path), source, ["item", "user"], 1000))
    assert [(record.line, list(record.values), record.reason) for record in records] == [
        (1, [None, None], "empty_line"),
        (2, ["i1", "u1"], None),
    ]
    twice = source.model_copy(update={"header": ("user", "item", "item")})
    with pytest.raises(UnreadableFileError, match="more than once the column 'item'"):
        list(read_records(str(path), twice, ["item", "user"], 1000))
