"""JSON that has no lines: every object comes once, in order, however the file is laid out; a cut file is refused."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.source import SourceConfig
from interest_spark.sources.candidates import Admitted
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.json_lines import JsonLines
from interest_spark.sources.pieces import _find_breaks, _ranges
from tests.unit.sources.rows import Row, read_rows

SOURCE = SourceConfig(path="")
TEXT = st.text(st.sampled_from('ab{}[],:"\\/\n\r\té商'), max_size=6)
VALUE = st.one_of(TEXT, st.integers(), st.none(), st.lists(TEXT, max_size=2), st.dictionaries(TEXT, TEXT, max_size=2))
OBJECTS = st.lists(st.fixed_dictionaries({"id": TEXT, "more": VALUE}), min_size=2, max_size=6)


@given(
    OBJECTS,
    st.sampled_from(
        ["array", "pretty array", "together", "pretty", "commas", "lines of arrays", "array, then objects"]
    ),
    st.sampled_from([1, 7, 40, 1 << 20]),
    st.booleans(),
)
def test_every_object_comes_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, Any]], layout: str, chunk: int, packed: bool
) -> None:
    path = tmp_path_factory.mktemp("documents") / "log.json"
    each, half = [json.dumps(one, ensure_ascii=False) for one in objects], len(objects) // 2
    content = {
        "array": json.dumps(objects),
        "pretty array": "\ufeff" + json.dumps(objects, indent=1),
        "together": "".join(each),
        "pretty": "\n".join(json.dumps(one, indent=2) for one in objects),
        "commas": ", ".join(each) + "\n",
        "lines of arrays": f"[{','.join(each[:half])}]\n[{','.join(each[half:])}]\n",
        "array, then objects": f"[{','.join(each[:half])}]\n" + "\r\n".join(each[half:]),
    }[layout]
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    rows = read_rows(path, SOURCE, ["id"], 1000, max(chunk, 300))
    assert [(row.line, row.values, row.reason, row.fault) for row in rows] == [
        (number, [one["id"]], None, None) for number, one in enumerate(objects, start=1) if "\0" not in one["id"]
    ]


def read(path: Path, content: str, limit: int = 1000, chunk: int = 1 << 20) -> list[Row]:
    path.write_text(content, encoding="utf-8")
    return read_rows(path, SOURCE, ["id"], limit, chunk)


def test_what_is_no_object_is_refused_by_itself(tmp_path: Path) -> None:
    rows = read(tmp_path / "log", '[{"id": 1}, null, "a{", {"id": 2} 5, {"id" 3}, {"id": "4",\n "x": "\\"}"}]')
    assert [(row.line, row.values[0], row.reason, row.raw) for row in rows] == [
        (1, "1", None, '{"id": 1}'),
        (2, None, "not_json", 'null, "a{"'),
        (3, "2", None, '{"id": 2}'),
        (4, None, "not_an_object", "5"),
        (5, None, "not_json", '{"id" 3}'),
        (6, "4", None, '{"id": "4",  "x": "\\"}"}'),
    ]


def test_an_object_that_is_too_long_is_refused_by_itself(tmp_path: Path) -> None:
    rows = read(tmp_path / "log", json.dumps([{"id": "a"}, {"id": "b" * 2000}, {"id": "c"}]))
    assert [(row.line, row.values[0], row.reason) for row in rows] == [
        (1, "a", None),
        (2, None, "line_too_long"),
        (3, "c", None),
    ]


@pytest.mark.parametrize(
    ("content", "objects", "message"),
    [
        ('[{"id": 1}, {"id": 2}', 2, "JSON that ends within an array after 2 objects"),
        ('[{"id": 1}, {"id":', 1, "JSON that ends within an object after 1 objects"),
        ('{"id": 1}{"id": 2', 1, "JSON that ends within an object after 1 objects"),
        ('[{"id": 1}}, {"id": 2}]', 1, "no whole JSON object of up to 1048576 bytes after its first 1"),
    ],
)
def test_a_file_that_ends_in_the_middle_is_refused(tmp_path: Path, content: str, objects: int, message: str) -> None:
    *rows, last = read(tmp_path / "log", content)
    assert [row.values for row in rows] == [[str(number + 1)] for number in range(objects)]
    assert message in (last.fault or "")


def test_an_object_without_an_end_takes_no_more_memory_than_a_chunk(tmp_path: Path) -> None:
    (row,) = read(tmp_path / "log", '[{"id": "' + "x" * 100_000, chunk=2_000)
    assert "no whole JSON object of up to 2000 bytes after its first 0" in (row.fault or "")


@pytest.mark.parametrize(
    "content",
    [
        '{"id": 1}\n{"id": 2}{"id": 3}\n',  # a line torn in the middle is one bad line
        '{"id": "1",\n{"id": 2}\n{"id": 3}\n',
        "[2026-01-30 10:00:00] GET /\n",
        "[1, 2]\n[3]\n",
        "[\n",
        "",
    ],
)
def test_other_files_have_lines(tmp_path: Path, content: str) -> None:
    rows = read(tmp_path / "log", content)
    assert [(row.line, row.raw) for row in rows] == list(enumerate(content.splitlines(), start=1))


def test_a_large_file_of_documents_is_one_piece(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for content, has_pieces in (('[{"id": 1},\n{"id": 2}]\n', False), ('{"id": 1}\n{"id": 2}\n', True)):
        path.write_text(content, encoding="utf-8")
        (found,) = (_find_breaks((each, SOURCE)) for each in _ranges(Delivery(None, str(path), len(content), "")))
        assert (found is not None) == has_pieces


@given(st.binary(max_size=60), st.sampled_from([b"[{", b'{"a":1}{', b'[{"id":"1"},', b""]), st.integers(1, 80))
def test_any_bytes_are_rows_or_a_fault(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, head: bytes, chunk: int
) -> None:
    path = tmp_path_factory.mktemp("documents") / "log"
    path.write_bytes(head + tail)
    rows = read_rows(path, SOURCE, ["id"], 1000, chunk)
    lines = [row.line for row in rows if not row.fault]
    assert lines == list(range(1, len(lines) + 1))
    whole = read_rows(path, SOURCE, ["id"], 1000)
    if not any(row.fault for row in rows):
        assert rows == whole
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JsonLines, "admit", lambda _, lines: Admitted.none(1))
        assert read_rows(path, SOURCE, ["id"], 1000) == whole  # one by one
