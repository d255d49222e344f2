"""What is known of items and users as of a day: each attribute's newest value, whatever order it came in."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.features.attributes import Account, AttributeBuild
from interest_spark.features.day_files import DayFile
from interest_spark.storage.parts import empty_frame

DAY, END = "2026-01-02", datetime(2026, 1, 2, 16, tzinfo=timezone.utc)  # midnight in Shanghai
NO_TIME = datetime.fromtimestamp(0, timezone.utc)
COLUMNS = tuple(empty_frame("items").columns)
NOTHING: dict[str, Any] = dict.fromkeys(COLUMNS)
TIMES = st.sampled_from([None, *(END + timedelta(hours=hours) for hours in (-40, -17, -1, 0, 1))])
ATTRIBUTES = st.none() | st.dictionaries(st.sampled_from("xy"), st.sampled_from("12"))
LINE = st.fixed_dictionaries(
    {
        "item_id": st.sampled_from(["a", "b", "ü"]),
        "title": st.sampled_from([None, "one", "two"]),
        "price": st.sampled_from([None, 1.0, float("inf")]),
        "attributes": ATTRIBUTES,
        "updated_at": TIMES,
        "delivery_day": st.sampled_from([None, "2026-01-01", DAY, "2026-01-03"]),
        "source_file": st.sampled_from(["f", "g"]),
        "reason": st.sampled_from([None, None, None, "not_json"]),
    }
)
LINES = st.lists(LINE, max_size=12)


def pairs_of(attributes: dict[str, str] | None) -> list[dict[str, str]] | None:
    return None if attributes is None else [{"key": key, "value": attributes[key]} for key in sorted(attributes)]


def typed(lines: list[dict[str, Any]]) -> pl.DataFrame:
    """As the reader gives them: attributes are lists of pairs; the n-th line is line n of its file."""
    rows = [
        {
            **NOTHING,
            "raw": "?",
            "file_fault": None,
            "file_note": None,
            "unread": None,
            **line,
            "source_line": number,
            "element": 0,
        }
        | {"attributes": pairs_of(line["attributes"])}
        for number, line in enumerate(lines)
    ]
    texts = ("delivery_day", "source_file", "raw", "reason", "file_fault", "file_note", "unread")
    pairs = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
    schema = {**empty_frame("items").schema, "attributes": pairs, **dict.fromkeys(texts, pl.String)}
    return pl.DataFrame(rows, {**schema, "source_line": pl.Int64, "element": pl.UInt32})


def build_in(folder: Path) -> AttributeBuild[pl.DataFrame]:
    folders = {name: str(folder / name) for name in ("items", "quarantine")}
    return AttributeBuild("items", ("item_id",), lambda rows: iter([rows]), DAY, END, folders)


def run(folder: Path, lines: list[dict[str, Any]], earlier: Sequence[str] = ()) -> tuple[list[str], Account]:
    """The files of one bucket that holds all, and what the task of the first round has counted."""
    build = build_in(folder)
    *good, account = build.prepare(typed(lines))
    known = [rows for path in earlier for rows in build.earlier(DayFile(path, 0, "2026-01-01"))]
    frames = [*known, *(frame for frame in good if isinstance(frame, pl.DataFrame))]
    assert isinstance(account, Account)
    return list(build.combine(0, frames)), account


def rows_of(files: list[str]) -> dict[str, dict[str, Any]]:
    rows = [row for file in files for row in pl.read_parquet(file, hive_partitioning=False).to_dicts()]
    assert len({row["item_id"] for row in rows}) == len(rows)
    return {row["item_id"]: row for row in rows}


def expected(lines: list[dict[str, Any]], known: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Line by line, the oldest first: what a line says replaces what was known."""
    told = []
    for number, line in enumerate(lines):
        time, delivered = line["updated_at"], line["delivery_day"]
        if line["reason"] or (time is None and delivered is not None and delivered > DAY):
            continue
        if time is None and delivered is not None:
            time = datetime.fromisoformat(f"{delivered}T00:00:00+00:00")
        if time is None or time < END:
            told.append((time or NO_TIME, line["source_file"], number, line, time))
    found = {key: dict(row) for key, row in known.items()}
    before = [(row["updated_at"] or NO_TIME, "", 0, row, None) for row in known.values()]
    values = {key: dict(NOTHING) for key in found}
    for *_, line, time in sorted([*before, *told], key=lambda each: each[:3]):
        row = values.setdefault(line["item_id"], dict(NOTHING))
        row |= {name: line[name] for name in ("item_id", "title", "price", "attributes") if line[name] is not None}
        times = [each for each in (row["updated_at"], line["updated_at"], time) if each is not None]
        row["updated_at"] = max(times, default=None)
    return values


@settings(max_examples=60)
@given(first=LINES, second=LINES)
def test_the_newest_value_of_each_attribute_counts(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        files, _ = run(Path(folder), first)
        known = rows_of(files)
        assert known == expected(first, {})
        files, _ = run(Path(folder), second, files)
        assert rows_of(files) == expected(second, known)


@given(lines=LINES)
def test_every_line_is_counted_and_the_refused_ones_are_kept(lines: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        _, account = run(Path(folder), lines)
        assert account.lines.total() == len(lines)
        refused = [row for file in account.refused for row in pl.read_parquet(file, hive_partitioning=False).to_dicts()]
        assert [row["source_line"] for row in refused] == [n for n, line in enumerate(lines) if line["reason"]]
        assert {(row["raw"], row["reason"], row["kind"]) for row in refused} <= {("?", "not_json", "items")}


def test_a_file_of_an_earlier_release_lacks_columns(tmp_path: Path) -> None:
    older = tmp_path / "part.parquet"
    pl.DataFrame({"item_id": ["a"], "title": ["one"]}).write_parquet(older)
    line = {"item_id": "a", "title": None, "price": 2.0, "attributes": None, "updated_at": None}
    files, _ = run(tmp_path, [{**line, "delivery_day": DAY, "source_file": "f", "reason": None}], [str(older)])
    assert rows_of(files)["a"] | {"updated_at": None} == NOTHING | {"item_id": "a", "title": "one", "price": 2.0}
