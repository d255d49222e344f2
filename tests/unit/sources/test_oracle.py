"""The vectorised reading against the reading line by line: the same rows, whatever the bytes."""

import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from interest_spark.config.source import SourceConfig
from interest_spark.sources import chunks, json_lines
from interest_spark.sources.documents import holds_documents
from interest_spark.sources.faults import UnreadableFileError
from interest_spark.sources.lines import Lines
from interest_spark.sources.packing import HEAD_BYTES, kind_of
from tests.unit.sources import line_by_line
from tests.unit.sources.rows import Row, read_rows

PACKED = (b"\x28\xb5\x2f\xfd", b"BZh", b"PK")  # zstd, bzip2, zip


def by_line(path: Path, source: SourceConfig, fields: Sequence[str], limit: int) -> list[Row]:
    rows: list[Row] = []
    try:
        for record in line_by_line.read_records(str(path), source, fields, limit):
            rows.append(Row(record.line, list(record.values), record.raw, record.reason))
    except UnreadableFileError as error:
        rows.append(Row(0, [None] * len(fields), fault=str(error)))
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oracle")


def check(folder: Path, content: bytes, source: SourceConfig, fields: Sequence[str], reading: dict[str, Any]) -> None:
    # Their tests are apart.
    assume(source.format == "csv" or not holds_documents(content))
    assume(kind_of(content[:HEAD_BYTES], content[-8:]) is None and not content.startswith(PACKED))
    path = folder / "log"
    packed = gzip.compress(content, 1) if reading["gzip"] else content
    path.write_bytes(packed[: len(packed) - reading["cut"]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_READ_BYTES", reading["read"])
        patch.setattr(line_by_line, "_CHUNK_BYTES", reading["read"])
        patch.setattr(json_lines, "_SAMPLE_LINES", reading["sample"])
        expected = by_line(path, source, fields, reading["limit"])
        assert read_rows(path, source, fields, reading["limit"], reading["chunk"]) == expected


READING = st.fixed_dictionaries(
    {
        "gzip": st.booleans(),
        "cut": st.sampled_from([0] * 9 + [1, 9, 30]),
        "read": st.sampled_from([1, 3, 16, 100, 1 << 20]),
        "chunk": st.sampled_from([1, 7, 64, 300, 8 << 20]),
        "sample": st.sampled_from([1, 1, 100]),  # with fewer lines none is taken for the pattern of the others
        "limit": st.sampled_from([5, 20, 60] + [1_000_000] * 7),
    }
)
BREAK = st.sampled_from([b"\n"] * 9 + [b"\r\n", b"\r\r\n", b"\n\n", b" \n"])
START = st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf", b"\n", b" \r\n\n", b"\x1f\x8b", b"\xef\xbb\xbf\n"])


def words(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(text.split())


NAMES = ["id", "a", "a.b", "b", "geo", "geo.lat", "名", "x y", "i.d"]
ODD_NAMES = ["", ",", ":", ", ", '"', "\\", "a,", "null", "true", "a(b", "\x01", "^$", "1"]
ORDINARY = st.lists(st.sampled_from(NAMES), max_size=5, unique=True)
FIELDS = st.one_of(ORDINARY, ORDINARY, st.lists(st.sampled_from(NAMES + ODD_NAMES), max_size=5, unique=True))

NUMBERS = words(
    "0 -0 7 -1 1.50 59.90 1e400 1E+5 1e-7 18446744073709551999 -0.0 NaN Infinity -Infinity 01 1. .5 +1 0x1 1_0 ٣"
)
TEXT = st.text(
    st.one_of(
        st.sampled_from(list('ab:,{}[]" \\/\t\r\0\x1f\x7f\x85\u2028\ufeff\U0001f6d2商é|null')),
        st.characters(exclude_categories=()),
    ),
    max_size=6,
)


@st.composite
def json_string(draw: st.DrawFn, text: st.SearchStrategy[str] = TEXT) -> str:
    """A string as JSON, mostly; sometimes with what JSON does not allow, or with the name of a field in it."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return '"' + draw(text).replace("\n", "") + '"'
    if kind == 1:
        return json.dumps(f'"{draw(st.sampled_from(NAMES))}": 1')
    if kind == 2:
        return '"' + draw(st.sampled_from(["\\ud800", "\\u0000", "\\q", "\\u12", "\\/", "\\n", ":1,", ": "])) + '"'
    return json.dumps(draw(text), ensure_ascii=draw(st.booleans()))


SCALAR = st.one_of(
    json_string(),
    json_string(st.sampled_from(NAMES + ODD_NAMES)),
    NUMBERS,
    words("true false null nul"),
)
SPACE = st.sampled_from(["", "", "", " ", "\t", "  ", "\r", "\x0b", "\u00a0"])


@st.composite
def joined(draw: st.DrawFn, parts: st.SearchStrategy[str], brackets: str) -> str:
    separator = draw(SPACE) + "," + draw(SPACE)
    inner = separator.join(draw(st.lists(parts, max_size=5)))
    return brackets[0] + draw(SPACE) + inner + draw(SPACE) + brackets[1]


@st.composite
def pair(draw: st.DrawFn, value: st.SearchStrategy[str]) -> str:
    name = json.dumps(draw(st.sampled_from(NAMES * 3 + ODD_NAMES)), ensure_ascii=draw(st.booleans()))
    return name + draw(SPACE) + ":" + draw(SPACE) + draw(value)


VALUE = st.recursive(SCALAR, lambda inner: st.one_of(joined(inner, "[]"), joined(pair(inner), "{}")), max_leaves=4)
# Near to what the fast way admits, from both sides of the border.
PLAIN_VALUE = st.one_of(
    words(
        r'''"u1" "" "商" ":1," "a" "id" ":" "null" "}" "a,b" "\"id\":1" "\u4e2d\/" "\ud83d\ude00"'''
        r''' "\ud83d" "\u0000" "\q"'''
    ),
    words('1 1.50 -0 1e400 18446744073709551999 null true false 01 NaN \x01 "\x01"'),
    words(
        """[] [1,"a"] ["id","b"] {} {"id":1} {"a":{"id":[1,{"b":"}"}]}} {"lat":1.50} {"id":1 "x:{"id":1}y" [{"a":01}]"""
    ),
    st.sampled_from(NAMES).map(json.dumps),
)


@st.composite
def plain_object(draw: st.DrawFn) -> str:
    colon, comma = draw(st.sampled_from([":", ": ", " :\t"])), draw(st.sampled_from([",", ", ", " , "]))
    names = st.lists(st.sampled_from(NAMES), max_size=5, unique=draw(st.integers(0, 4)) > 0)
    pairs = [f'"{name}"{colon}{draw(PLAIN_VALUE)}' for name in draw(names)]
    return "{" + comma.join(pairs) + "}"


@st.composite
def deep_object(draw: st.DrawFn) -> str:
    """Around as deep as is allowed, and beyond what Python's recursion takes."""
    opening, closing = draw(st.sampled_from([("[", "]"), ('{"a":', "}"), ('[{"id":', "}]")]))
    levels = draw(st.one_of(st.integers(495, 502), st.integers(900, 1000), st.sampled_from([249, 250, 3000])))
    return f'{{"{draw(st.sampled_from(NAMES))}":{opening * levels}{draw(SCALAR)}{closing * levels}}}'


LINE = st.one_of(
    deep_object(),
    *[plain_object()] * 9,
    *[joined(pair(SCALAR), "{}")] * 2,
    joined(pair(VALUE), "{}"),
    VALUE,
    st.builds(lambda line, at: line[:at], plain_object(), st.integers(0, 40)),
    st.builds(lambda space, line, tail: space + line + tail, SPACE, plain_object(), SPACE),
).map(lambda text: text.encode("utf-8", errors="surrogatepass"))
NOISE = st.binary(max_size=30)


@st.composite
def document(draw: st.DrawFn, line: st.SearchStrategy[bytes]) -> bytes:
    lines = draw(st.lists(st.one_of(*[line] * 9, NOISE), max_size=12))
    content = draw(START) + b"".join(each + draw(BREAK) for each in lines)
    return content if draw(st.booleans()) else content.removesuffix(b"\n")


@settings(max_examples=400)
@given(document(LINE), FIELDS, READING)
def test_json_lines(folder: Path, content: bytes, fields: list[str], reading: dict[str, Any]) -> None:
    check(folder, content, SourceConfig(path=""), fields, reading)


CELL = st.one_of(
    st.sampled_from(["u1", "", " ", "1.50", '"', '"a"', '"a,b"', '"a ""b"""', 'x"y', "商品", "\0", "\t", "\x85", "\r"]),
    st.text(st.characters(exclude_categories=(), exclude_characters="\n"), max_size=4),
)
SEPARATOR = st.sampled_from([*list(',,,;\t| "\r\n\x00a'), "¦", "商"])


@st.composite
def csv_document(draw: st.DrawFn) -> tuple[bytes, SourceConfig, list[str]]:
    """A file of one separator, its header in the file or not, and the fields asked for, which it may lack."""
    separator = draw(SEPARATOR)
    header = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=draw(st.integers(0, 9)) > 0))
    fields = draw(st.lists(st.sampled_from(header + (NAMES if draw(st.integers(0, 5)) == 0 else [])), unique=True))
    width = st.just(len(header)) if draw(st.booleans()) else st.integers(0, 5)
    cells = width.flatmap(lambda count: st.lists(CELL, min_size=count, max_size=count))
    rows = cells.map(lambda row: separator.join(row).encode("utf-8", errors="surrogatepass"))
    content = draw(document(rows))
    if named := draw(st.booleans()):
        content = draw(START) + separator.join(header).encode() + draw(BREAK) + content
    source = SourceConfig(path="", format="csv", separator=separator, header=None if named else tuple(header))
    return content, source, fields


@settings(max_examples=400)
@given(csv_document(), READING)
def test_csv(folder: Path, drawn: tuple[bytes, SourceConfig, list[str]], reading: dict[str, Any]) -> None:
    content, source, fields = drawn
    check(folder, content, source, fields, reading)


@settings(max_examples=100)
@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl"]), READING)
def test_any_bytes(folder: Path, content: bytes, kind: str, reading: dict[str, Any]) -> None:
    source = SourceConfig(path="", format=kind, header=("a", "b") if kind == "csv" else None)
    check(folder, content, source, ["b"], reading)


@pytest.mark.parametrize("broken", [0.01, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_many_lines(folder: Path, kind: str, broken: float) -> None:
    """So many that a sample of them says whether the fast way is worth while."""
    drawn = random.Random(7)
    good = {"csv": b"%d,i,1.50", "jsonl": b'{"a": %d, "b": "i", "geo": {"lat": 1.50}}'}[kind]
    bad = [b"", b"\xff", b"\0", b'"', b"[1]", b'{"a": 1', b"1,2", b'{"b": ["x", "y"]}', b"x" * 2000]
    lines = [drawn.choice(bad) if drawn.random() < broken else good % number for number in range(5000)]
    source = SourceConfig(path="", format=kind, header=("a", "b", "c") if kind == "csv" else None)
    reading = {"gzip": True, "cut": 0, "read": 5000, "chunk": 100_000, "sample": 100, "limit": 1000}
    check(folder, b"\n".join(lines), source, ["a", "b"], reading)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_plain_lines_are_not_read_one_by_one(folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line = {"csv": b"u,1\n", "jsonl": b'{"a": "u", "b": 1, "tags": ["\\u4e2d"], "c": {"d": null}}\n'}[kind]
    (folder / "log").write_bytes(line * 10)
    monkeypatch.setattr(Lines, "line", None)
    source = SourceConfig(path="", format=kind, header=("a", "b") if kind == "csv" else None)
    assert [row.values for row in read_rows(folder / "log", source, ["a", "b"], 100)] == [["u", "1"]] * 10
