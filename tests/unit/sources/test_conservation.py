"""Whatever a file holds: raw = accepted + duplicates + quarantined + ignored, no line counts twice, and nothing raises.

The fast ways give exactly what reading line by line gives.
"""

import json
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from interest_spark.config.source import SourceConfig
from interest_spark.schemas.reasons import IGNORED
from interest_spark.sources.candidates import Admitted
from interest_spark.sources.canonical import CanonicalReader
from interest_spark.sources.delimited import Delimited
from interest_spark.sources.json_lines import JsonLines
from interest_spark.sources.pieces import Piece
from tests.unit.sources.mapped_rows import DAY, Ingested

CASES = settings(max_examples=500)
AT = f"{DAY}T10:00:00Z"
FIELDS = ("user_id", "item_id", "behavior", "event_time", "price", "quantity", "session_id")
COLUMNS = {name: name for name in FIELDS}
BEHAVIORS = {"view": "view", "buy": "purchase", "hover": "ignore"}
_NUMBERS = count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("conservation")


def read(path: Path, keys: dict[str, Any]) -> pl.DataFrame:
    source = SourceConfig.model_validate({"path": "x", **keys})
    found = list(CanonicalReader("events", source, 1_000_000).read([Piece(DAY, str(path))]))
    return pl.concat(found) if found else pl.DataFrame()


def read_one_by_one(path: Path, keys: dict[str, Any]) -> pl.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JsonLines, "admit", lambda self, _: Admitted.none(len(self._fields)))
        patch.setattr(Delimited, "admit", lambda self, _: Admitted.none(len(self._wanted)))
        return read(path, keys)


def check(folder: Path, content: bytes, keys: dict[str, Any], lines: int | None = None) -> None:
    """The file's rows are accounted for; `lines` is how many it has, where that is known."""
    root = folder / str(next(_NUMBERS))
    path = root / DAY / "log"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    rows = read(path, keys)
    assert_frame_equal(read_one_by_one(path, keys), rows)
    if not len(rows):
        assert not lines
        return
    data = rows.filter(pl.col("file_fault").is_null())
    assert data.select("source_line", "element").is_unique().all()  # no line and no event of it comes twice
    found = Ingested(root, {"path": "{day}/log", **keys})
    totals = found.totals()
    assert totals["raw_lines"] + totals["exploded"] == len(data)
    assert totals["raw_lines"] == data["source_line"].n_unique()
    fates = {name: totals[name] for name in ("accepted", "duplicates", "quarantined", "ignored")}
    assert sum(fates.values()) == len(data)
    assert (fates["accepted"], fates["quarantined"]) == (len(found.events), len(found.refused))
    assert fates["ignored"] == int((data["reason"] == IGNORED).sum())
    if len(data) < len(rows):
        assert any(account.faults for account in found.accounts)  # for which the delivery is refused
    elif lines is not None:
        assert totals["raw_lines"] == lines


BYTES = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [
                *(
                    b"u,i,view,",
                    AT.encode(),
                    b",1,2,s",
                    b",",
                    b"\n",
                    b"\r\n",
                    b'"',
                    b"\\",
                    b"\xff",
                    b"\0",
                    b"\xef\xbb\xbf",
                ),
                *(b"{", b"}", b"[", b"]", b'{"user_id":"u"}', b"\x1f\x8b", b"PK\x03\x04", b"BZh9", b"\x28\xb5\x2f\xfd"),
                *(b"PAR1", b"ORC", b"%PDF", b"sep=;\n", "商品".encode("gbk"), b"\xff\xfe"),
            ]
        ),
        max_size=25,
    ).map(b"".join),
)


@CASES
@given(
    BYTES, st.sampled_from(["jsonl", "csv", "parquet", "orc"]), st.sampled_from(["utf-8", "gbk", "utf-16", "latin-1"])
)
def test_random_bytes(folder: Path, content: bytes, kind: str, encoding: str) -> None:
    keys: dict[str, Any] = {"format": kind, "encoding": encoding, "columns": COLUMNS}
    check(folder, content, keys | ({"header": FIELDS} if kind == "csv" else {}))


CELL = st.one_of(
    st.sampled_from(
        ["u1", "u2", "i1", "view", "buy", "hover", AT, AT, "1", "-1", "1,5", "", " ", "NULL", "\\N", "商品"]
    ),
    st.text(st.sampled_from("ab,;|\t\"'\\#\n\r é"), max_size=6),
)
GOOD = st.tuples(
    *(st.sampled_from(["u1", "u2"]), st.sampled_from(["i1", "i2"]), st.sampled_from(["view", "buy", "hover"])),
    *(st.just(AT), st.sampled_from(["1", "x", ""]), st.sampled_from(["1", "-1"]), st.just("s")),
).map(list)
SEPARATORS = [",", ";", "\t", "|", "||", "::", "\x01", "é", " "]


@st.composite
def table(draw: st.DrawFn) -> tuple[bytes, dict[str, Any]]:
    """A file in a dialect that may be its own or another one."""
    separator, quote = draw(st.sampled_from(SEPARATORS)), draw(st.sampled_from(['"', '"', "'", "none"]))
    escape = draw(st.sampled_from([None, None, "\\"]))
    written = draw(st.sampled_from([separator] * 4 + [","]))
    keys: dict[str, Any] = {"format": "csv", "separator": separator, "quote": quote, "escape": escape}
    keys |= {"columns": COLUMNS, "behaviors": BEHAVIORS, "comment": draw(st.sampled_from([None, "#"]))}
    rows = draw(st.lists(st.one_of(GOOD, GOOD, st.lists(CELL, min_size=1, max_size=8)), max_size=10))
    names = draw(st.permutations(FIELDS))
    named = draw(st.booleans())
    lines = [[*names]] if named else []
    keys |= {} if named else {"header": names}
    lines += [[*names]] if draw(st.integers(0, 5)) == 0 else []
    is_quoted = draw(st.booleans()) and quote != "none"

    def cell(text: str) -> str:
        return quote + text.replace(quote, (escape or quote) + quote) + quote if is_quoted else text

    order = [FIELDS.index(name) for name in names]
    for row in rows:
        ordered = [row[place] for place in order] if len(row) == len(FIELDS) else row
        lines.append([cell(each) for each in ordered])
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = "".join(written.join(line) + end for line in lines)
    text = f"sep={separator}\n{text}" if draw(st.integers(0, 9)) == 0 else text
    return text.encode("utf-8"), keys


@CASES
@given(table())
def test_random_dialects_of_csv(folder: Path, drawn: tuple[bytes, dict[str, Any]]) -> None:
    check(folder, *drawn)


VALUE = st.recursive(
    st.one_of(
        st.sampled_from(["u1", "u2", "i1", "view", "buy", "hover", AT, "", "x", '{"id": "A"}', "[1]", None, True]),
        st.integers(-3, 10**20),
        st.floats(),
        st.text(max_size=3),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "key", "value", "items"]), inner, max_size=3),
    ),
    max_leaves=6,
)
ELEMENT = st.one_of(
    VALUE,
    st.fixed_dictionaries({"id": st.sampled_from(["A", "B", "", None, 7]), "price": st.sampled_from([1, "x", -1])}),
)
EVENT = st.fixed_dictionaries(
    {"user_id": st.sampled_from(["u1", "u2", None, 3]), "event_time": st.sampled_from([AT, AT, "soon"])},
    optional={
        "behavior": st.sampled_from([*BEHAVIORS, "stare"]),
        "item_id": st.sampled_from(["i1", "i2"]),
        "items": st.one_of(st.lists(ELEMENT, max_size=4), VALUE),
        "price": VALUE,
        "quantity": VALUE,
        "session_id": VALUE,
    },
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[bytes, dict[str, Any], int | None]:
    """Objects as lines, in an array, or one after the other; perhaps with some characters changed."""
    objects = draw(st.lists(st.one_of(EVENT, EVENT, EVENT, VALUE), max_size=8))
    indent = draw(st.sampled_from([None, None, None, 1]))
    texts = [json.dumps(each, ensure_ascii=draw(st.booleans()), indent=indent) for each in objects]
    before, between, after = draw(st.sampled_from([("", "\n", "\n"), ("", "\n", ""), ("[", ",\n", "]"), ("", "", "")]))
    text = before + between.join(texts) + after
    are_lines = between == "\n" and indent is None
    if draw(st.integers(0, 3)) == 0 and text:
        place = draw(st.integers(0, len(text) - 1))
        text, are_lines = (
            text[:place] + draw(st.sampled_from(["", "{", '"', "\n", "\\", "}"])) + text[place + 1 :],
            False,
        )
    columns: dict[str, Any] = {**COLUMNS, "session_id": "session_id.id"}
    keys: dict[str, Any] = {"columns": columns, "behaviors": BEHAVIORS}
    if draw(st.booleans()):
        keys |= {"explode": "items", "columns": {**columns, "item_id": ["items.id", "item_id"], "price": "items.price"}}
    if draw(st.integers(0, 3)) == 0:
        keys["where"] = {"behavior": ["view", "buy"]}
    is_array = are_lines and any(text.lstrip().startswith(sign) for sign in ("[", "{\n"))
    return text.encode("utf-8", errors="replace"), keys, _lines_in(text) if are_lines and not is_array else None


def _lines_in(text: str) -> int | None:
    lines = text.encode("utf-8", errors="replace").split(b"\n")
    return len(lines) - (not lines[-1])


@CASES
@given(documents())
def test_random_json(folder: Path, drawn: tuple[bytes, dict[str, Any], int | None]) -> None:
    check(folder, *drawn)


def test_reading_one_by_one_is_another_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the others are compared with does not admit a line."""
    path = folder / "plain"
    path.write_text(json.dumps({"user_id": "u"}) + "\n", encoding="utf-8")
    ways: list[int] = []
    decode = JsonLines.admit

    def noted(self: JsonLines, lines: Any) -> Admitted:
        ways.append(len(lines))
        return decode(self, lines)

    monkeypatch.setattr(JsonLines, "admit", noted)
    keys = {"columns": {"user_id": "user_id"}}
    assert len(read(path, keys)) == 1 and ways
    ways.clear()
    assert len(read_one_by_one(path, keys)) == 1 and not ways
