"""Deliveries of any bytes under any names, through the real ingest job.

`python -m tests.fuzz.fuzz_raw_files --minutes 20`. Where the job ends with 0, every raw line of every file is accepted,
a duplicate or quarantined, and each table has as many rows as the ledger says; else nothing is published.
"""

import gzip
import json
import os
import random
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from interest_spark.config.spark import SparkConfig
from interest_spark.foundation.errors import EXIT_OK
from interest_spark.platform.session import start_session
from interest_spark.storage.warehouse import Warehouse
from jobs.ingest import command
from tests.fuzz.fuzzing import main
from tests.log_files import EVENT

DAY = "2026-01-02"
_FIELDS = ("user_id", "item_id", "behavior", "event_time", "price", "session_id")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class RawFile:
    """What stands under a name: the bytes of a file, or a link to `target`, a pipe or a folder."""

    name: bytes
    content: bytes = field(default=b"", repr=False)
    made: str = ""  # how the content was, for messages
    kind: str = "file"
    target: bytes = b""


@dataclass(frozen=True)
class Case:
    """A delivery and the configuration that it is read with."""

    files: tuple[RawFile, ...]
    source: dict[str, Any]
    ingest: dict[str, Any]
    items: bool  # whether the lines are read as items, too


def rarely(odd: st.SearchStrategy[Any], usual: Any, one_in: int = 6) -> st.SearchStrategy[Any]:
    return st.integers(1, one_in).flatmap(lambda drawn: odd if drawn == one_in else st.just(usual))


ODD_VALUES = ["", " ", "a,b", 'a"b', "a\\b", "\u202e", "\0", "用户", "x" * 200_000, "1" * 5_000]
ODD_VALUES += ["NaN", "0", "-1", "1e400"]
VALUES = st.one_of(
    st.sampled_from(["u1", "u2", "view", "purchase", "2026-01-02T10:00:00Z", "9.5", "9999-12-31T00:00:00Z"]),
    st.sampled_from(ODD_VALUES),
    st.text(max_size=6),
)
RAW_JSON = st.sampled_from(
    ["NaN", "-Infinity", "null", "true", "01", "[]", "{}", "1e999", '"\\ud800"', '"\\u0000"', "[[1]]"]
)


@st.composite
def json_line(draw: st.DrawFn) -> bytes:
    """A good event, or one that is changed in a value, a key, its depth or its bytes."""
    event: dict[str, Any] = {**EVENT, "user_id": f"u{draw(st.integers(0, 20))}"}
    kind = draw(st.integers(0, 9))
    if kind == 0:
        event[draw(st.sampled_from([*_FIELDS, "odd", "user_id.a"]))] = draw(
            st.one_of(VALUES, st.integers(), st.floats())
        )
    line = json.dumps(event, ensure_ascii=draw(st.booleans()))
    if kind == 1:
        line = line[:-1] + f', "{draw(st.sampled_from(_FIELDS))}": {draw(RAW_JSON)}}}'
    if kind == 2:
        opening, closing = draw(st.sampled_from([("[", "]"), ('{"a":', "}"), ('[{"user_id":', "}]")]))
        depth = draw(st.one_of(*map(st.integers, (1, 480, 940), (20, 520, 1000)), st.just(50_000)))
        inner = opening * depth + "1" + closing * draw(rarely(st.integers(0, 100), depth))
        line = json.dumps({**event, draw(st.sampled_from([*_FIELDS, "a", "odd"])): "deep"}).replace('"deep"', inner)
    encoded = line.encode("utf-8", errors="surrogatepass")
    return _changed(draw, encoded) if kind == 3 else encoded


@st.composite
def csv_line(draw: st.DrawFn, width: int, separator: str) -> bytes:
    cells = [f"u{draw(st.integers(0, 20))}", "i1", "view", "2026-01-02T10:00:00Z", "9.5", "s"]
    cells = (cells * 2)[: draw(rarely(st.integers(0, 9), width))]
    if cells and draw(st.integers(0, 5)) == 0:
        odd = draw(st.one_of(VALUES, st.sampled_from(['"', '"a', '"a"b', "\r", f'"{"x" * 140_000}"'])))
        cells[draw(st.integers(0, len(cells) - 1))] = odd
    encoded = separator.join(cells).encode("utf-8", errors="surrogatepass")
    return _changed(draw, encoded) if draw(st.integers(0, 9)) == 0 else encoded


def _changed(draw: st.DrawFn, line: bytes) -> bytes:
    """With some bytes replaced, put in or taken out."""
    changed = bytearray(line)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(changed)))
        changed[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(changed)


BLANK = st.sampled_from([b"", b" ", b"\r", b"\t \x0b", _BOM])
BREAK = st.sampled_from([b"\n"] * 12 + [b"\r\n", b"\r", b"\n\n", b"\0\n"])


@st.composite
def content(draw: st.DrawFn, source: dict[str, Any]) -> bytes:
    """The lines of a file, in some encoding."""
    line = json_line()
    top = b""
    if source["format"] == "csv":
        names = [
            *_FIELDS[:5],
            draw(rarely(st.sampled_from(["", "price", "user_id", "a\rb", '"', "x" * 140_000]), "odd")),
        ]
        draw(st.randoms(use_true_random=False)).shuffle(names)
        names = draw(rarely(st.lists(VALUES, max_size=3), names, 12))
        line = csv_line(len(source.get("header") or names), source["separator"])
        blank = draw(rarely(BLANK.map(lambda each: each + b"\n"), b""))
        header = source["separator"].join(names).encode("utf-8", errors="surrogatepass") + b"\n"
        top = blank * draw(st.sampled_from([1, 2, 70_000])) + (b"" if source.get("header") else header)
    lines = draw(st.lists(st.one_of(*[line] * 8, BLANK, st.binary(max_size=20)), max_size=12))
    lines *= draw(rarely(st.integers(10, 300), 1))
    breaks = [draw(BREAK) for _ in lines[:12]]
    many = draw(rarely(st.integers(1, 150_000), 1, 12))
    lines = [*lines, *[draw(st.one_of(BLANK, st.binary(max_size=3)))] * (many - 1)]
    whole = top + b"".join(map(bytes.__add__, lines, breaks)) + b"\n".join(lines[len(breaks) :])
    coding = draw(rarely(st.sampled_from(["utf-16", "utf-32", "latin-1", "utf-8-sig"]), "utf-8", 8))
    return whole if coding == "utf-8" else whole.decode("latin-1").encode(coding)


def _twisted(number: int, packed: bytes) -> bytes:
    changed = bytearray(packed)
    changed[number % len(packed)] ^= 1 + number % 255
    return bytes(changed)


PACKINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "plain": lambda raw, _: raw,
    "gzip": lambda raw, _: gzip.compress(raw, 1),
    "members": lambda raw, at: gzip.compress(raw[:at], 1) + gzip.compress(raw[at:], 1),
    "cut": lambda raw, at: gzip.compress(raw, 1)[: at % (len(gzip.compress(raw, 1)) + 1)],
    "corrupt": lambda raw, at: _twisted(at, gzip.compress(raw, 1)),
    "nested": lambda raw, _: gzip.compress(gzip.compress(raw, 1), 1),
    "tail": lambda raw, at: gzip.compress(raw, 1) + random.Random(at).randbytes(at % 40),
    "zeros": lambda raw, at: gzip.compress(raw, 1) + bytes(at % 40),
    "zlib": lambda raw, _: zlib.compress(raw),
    "magic": lambda raw, _: b"\x1f\x8b" + raw,
}
ODD_NAMES = ["a::b", "a", "::", "%41", "~", "{day}", "[a]", "*", "\\", "'", "-rf", "_a", ".a", "用户"]
ODD_NAMES += ["a\nb", "\x1b[1m", "\u202e", " "]
NAMES = st.one_of(
    st.sampled_from(ODD_NAMES).map(os.fsencode),
    st.integers(0, 30).map(lambda number: b"part-%d" % number),
    st.lists(st.sampled_from(ODD_NAMES), min_size=2, max_size=3).map(lambda names: os.fsencode("".join(names))),
    st.binary(min_size=1, max_size=8),
).filter(lambda name: not {*name} & {*b"/\0"} and name not in (b".", b".."))


@st.composite
def raw_file(draw: st.DrawFn, source: dict[str, Any]) -> RawFile:
    name = draw(rarely(NAMES, b"part-%d.gz" % draw(st.integers(0, 99)), 3))
    kind = draw(rarely(st.sampled_from(["link", "pipe", "folder"]), "file", 15))
    if kind != "file":
        return RawFile(
            name, kind=kind, target=draw(st.sampled_from([b"nowhere", name, b"../elsewhere", b".", b"\xff"]))
        )
    packing = draw(rarely(st.sampled_from(sorted(PACKINGS)), "plain", 3))
    packed = PACKINGS[packing](draw(content(source)), draw(st.integers(0, 5000)))
    return RawFile(name, packed, f"{packing}: {packed[:300]!r}")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    source: dict[str, Any] = {
        "path": draw(
            rarely(st.sampled_from(["events/dt={day}/**", "events/*/*", "events/**/*.gz"]), "events/dt={day}/*")
        ),
        "format": draw(st.sampled_from(["jsonl", "csv"])),
        "separator": draw(rarely(st.sampled_from([*'\t;|\r\n\0" ', "商", "\u202e"]), ",")),
        "columns": {name: name for name in _FIELDS[:4]},
        "time_format": draw(rarely(st.sampled_from(["unix_s", "yyyy-MM-dd'T'HH:mm:ssX"]), "iso")),
    }
    optional = {"price": "price", "query": "user_id.a", "session_id": "a.a.user_id"}
    if source["format"] == "jsonl":
        source["columns"] |= draw(st.sampled_from([{}, optional]))
    elif draw(st.booleans()):
        source["header"] = [*_FIELDS, *draw(st.sampled_from([[], ["odd", "odd"], ["price"]]))]
    ingest = {
        "max_bad_share": draw(rarely(st.sampled_from([0.0, 0.2]), 1.0)),
        "max_bad_lines": draw(rarely(st.sampled_from([0, 3, 40_000]), 1_000_000)),
        "max_line_bytes": draw(rarely(st.sampled_from([1_000, 150_000]), 1_000_000)),
    }
    files = draw(st.lists(raw_file(source), min_size=1, max_size=4, unique_by=lambda file: file.name))
    return Case(tuple(files), source, ingest, draw(rarely(st.just(True), False, 4)))


def exit_code_of(case: Case, folder: Path) -> int:
    """Deliver, ingest, and check what the tables say; raises AssertionError if lines are lost."""
    lines = {path: count for file in case.files for path, count in _deliver(file, case, folder)}
    config = folder / "config.yaml"
    events = {**case.source, "path": f"{folder}/{case.source['path']}"}
    items = {**events, "columns": {"item_id": "item_id", "title": "event_time"}}
    sections = {
        "warehouse": str(folder / "warehouse"),
        "spark": {"shuffle_partitions": 2},
        "sources": {"events": events, **({"items": items} if case.items else {})},
        "ingest": case.ingest,
    }
    config.write_text(yaml.safe_dump(sections), encoding="utf-8")
    try:
        command.main(["--config", str(config), "--day", DAY], standalone_mode=True)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    warehouse = Warehouse(str(folder / "warehouse"))
    if code == EXIT_OK:
        _check_conservation(warehouse, lines)
    else:
        assert not warehouse.days("events"), "events were published"
    return code


def _check_conservation(warehouse: Warehouse, lines: dict[str, int]) -> None:
    counted: Counter[str] = Counter()
    ledger = warehouse.read_small("ingest_ledger").to_pylist()
    for row in ledger:
        assert row["raw_lines"] == row["accepted"] + row["duplicates"] + row["quarantined"], row
        counted[row["source_file"]] += row["raw_lines"]
    assert counted == Counter(lines), f"the ledger has {counted}, the files have {lines}"
    for table, column in (("events", "accepted"), ("quarantine", "quarantined")):
        rows = Counter(row["source_file"] for row in warehouse.read_small(table).to_pylist())
        stated = sum((Counter({row["source_file"]: row[column]}) for row in ledger), Counter[str]())
        assert rows == stated, f"{table} has {rows}, the ledger {stated}"


def _deliver(file: RawFile, case: Case, folder: Path) -> list[tuple[str, int]]:
    """Write the file; returns its path and lines if it is to be read."""
    target = folder / "events" / f"dt={DAY}" / os.fsdecode(file.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.kind == "link":
        target.symlink_to(os.fsdecode(file.target))
    elif file.kind == "pipe":
        os.mkfifo(target)
    elif file.kind == "folder":
        target.mkdir()
    elif file.kind == "file":
        target.write_bytes(file.content)
    left_out = file.name[:1] in (b".", b"_") or (case.source["path"].endswith(".gz") and not file.name.endswith(b".gz"))
    if file.kind != "file" or left_out:
        return []
    count = _raw_lines(file.content, case.source)
    return [(str(target), count)] if count else []


def _raw_lines(stored: bytes, source: dict[str, Any]) -> int:
    """Those of a file that can be read to its end, counted in another way than the product does."""
    try:
        whole = gzip.decompress(stored) if stored.startswith(b"\x1f\x8b") else stored
    except (OSError, EOFError, zlib.error):
        return -1  # such a delivery is refused
    lines = whole.removesuffix(b"\n").split(b"\n") if whole else []
    if source["format"] == "jsonl" or source.get("header"):
        return len(lines)
    with_text = [place for place, line in enumerate(lines) if (line if place else line.removeprefix(_BOM)).strip()]
    return len(lines) - with_text[0] - 1 if with_text else 0


if __name__ == "__main__":
    start_session(SparkConfig(master="local[2]", shuffle_partitions=2), "interest_spark fuzz")
    main("raw_files", cases(), exit_code_of)
