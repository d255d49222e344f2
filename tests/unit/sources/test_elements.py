"""Lines with many events: a row an element, every line and every row accounted for."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.schemas.reasons import IGNORED
from interest_spark.sources import elements
from tests.unit.sources.mapped_rows import DAY, Ingested, typed, write

MICROS = 1_769_767_200_000_000  # 2026-01-30 10:00:00 UTC
GA4 = {
    "columns": {
        "user_id": ["user_id", "user_pseudo_id"],
        "item_id": "items.item_id",
        "behavior": "event_name",
        "event_time": "event_timestamp",
        "price": "items.price",
        "quantity": "items.quantity",
        "session_id": "event_params.ga_session_id.value.int_value",
        "query": "event_params.search_term.value.string_value",
    },
    "explode": "items",
    "behaviors": {"view_item": "view", "purchase": "purchase", "view_search_results": "search", "*": "ignore"},
    "time_format": "unix_us",
}


def a_ga4_line(name: str, items: Any, **more: Any) -> dict[str, Any]:
    params = [{"key": "ga_session_id", "value": {"int_value": "77"}}]
    params += [{"key": "search_term", "value": {"string_value": more.pop("term")}}] if "term" in more else []
    line = {"event_name": name, "event_timestamp": str(MICROS), "user_pseudo_id": "1.2", "event_params": params}
    return {**line, "items": items, **more}


def test_the_items_of_a_line_are_events(tmp_path: Path) -> None:
    two = [{"item_id": "A", "price": 9.5, "quantity": 1}, {"item_id": "B", "price": 12, "quantity": 2}]
    lines = [
        a_ga4_line("purchase", two, user_id="member"),
        a_ga4_line("session_start", []),
        a_ga4_line("view_search_results", [], term="lamp"),
        a_ga4_line("view_item", [{"item_id": "A"}]),
        a_ga4_line("view_item", None),
    ]
    found = typed(write(tmp_path / "log", lines), **GA4)
    columns = ("source_line", "element", "user_id", "item_id", "behavior", "price", "quantity", "query", "reason")
    assert found.select(columns).rows() == [
        (1, 0, "member", "A", "purchase", 9.5, 1.0, None, None),
        (1, 1, "member", "B", "purchase", 12.0, 2.0, None, None),
        (2, 0, "1.2", None, "ignore", None, None, None, IGNORED),
        (3, 0, "1.2", None, "search", None, None, "lamp", None),
        (4, 0, "1.2", "A", "view", None, None, None, None),
        (5, 0, "1.2", None, "view", None, None, None, "missing_item"),
    ]
    assert found["session_id"].unique().to_list() == ["77"]


def test_a_session_log_has_its_own_times(tmp_path: Path) -> None:
    """OTTO: a session a line, an event an element."""
    events = [{"aid": 1, "ts": MICROS // 1000, "type": "clicks"}, {"aid": 2, "ts": MICROS // 1000 + 1, "type": "carts"}]
    log = write(tmp_path / "log", [{"session": 5, "events": events}])
    columns = {"user_id": "session", "item_id": "events.aid", "behavior": "events.type", "event_time": "events.ts"}
    words = {"clicks": "click", "carts": "cart", "orders": "purchase"}
    found = typed(log, columns=columns, explode="events", behaviors=words, time_format="unix_ms")
    assert found.select("user_id", "item_id", "behavior").rows() == [("5", "1", "click"), ("5", "2", "cart")]
    assert found["event_time"].dt.epoch("ms").to_list() == [MICROS // 1000, MICROS // 1000 + 1]


def test_impressions_with_clicks(tmp_path: Path) -> None:
    """MIND: words between spaces, each an item and whether it was clicked; an item may hold a hyphen."""
    log = write(tmp_path / "log", ["1\tU13740\t1/30/2026 10:00:00 AM\tN55189\tN1-0 N-2-1  N3-0", "2\tU2\t\t\t"])
    columns = {"user_id": "user", "item_id": "impressions.0", "event_time": "time", "behavior": "impressions.1"}
    found = typed(
        log,
        format="csv",
        separator="\t",
        header=["id", "user", "time", "history", "impressions"],
        columns=columns,
        explode={"field": "impressions", "separator": " ", "parts": "-"},
        behaviors={"1": "click", "0": "ignore"},
        time_format="M/d/yyyy h:mm:ss a",
    )
    assert found.select("item_id", "reason").rows() == [
        *[("N1", IGNORED), ("N-2", None), ("N3", IGNORED)],
        (None, "missing_item"),
    ]


@pytest.mark.parametrize(
    ("items", "ids", "reasons"),
    [
        (["A", "B"], ["A", "B"], [None, None]),
        (["A|B"], ["A|B"], [None]),
        ({"id": "A"}, [None], ["missing_item"]),
        ('["A", "B"]', ["A", "B"], [None, None]),
        ("", [None], ["missing_item"]),
        ("A,B", [None], ["not_json"]),
        ([None, "", 7], [None, None, "7"], ["missing_item", "missing_item", None]),
        (["\ud800"], [None], ["invalid_utf8"]),
        (5, [None], ["missing_item"]),
    ],
)
def test_elements_that_are_values(tmp_path: Path, items: Any, ids: list[Any], reasons: list[Any]) -> None:
    line = json.dumps({"user_id": "u", "behavior": "view", "event_time": "2026-01-30T10:00:00Z", "items": items})
    log = write(tmp_path / "log", [line])
    columns = {name: name for name in ("user_id", "behavior", "event_time")} | {"item_id": "items"}
    found = typed(log, columns=columns, explode="items")
    if items == {"id": "A"}:  # an object is the only element, and no id
        ids, reasons = ['{"id": "A"}'], [None]
    assert (found["item_id"].to_list(), found["reason"].to_list()) == (ids, reasons)


def test_a_line_that_would_grow_beyond_bounds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements, "_MOST_BYTES", 1000)
    line = {"user_id": "u" * 100, "behavior": "view", "event_time": "2026-01-30T10:00:00Z", "items": ["A"] * 20}
    columns = {name: name for name in ("user_id", "behavior", "event_time")} | {"item_id": "items"}
    found = typed(write(tmp_path / "log", [line]), columns=columns, explode="items")
    assert found["reason"].to_list() == ["line_too_long"]


def test_a_refused_element_is_kept_as_it_is_written(tmp_path: Path) -> None:
    line = a_ga4_line("purchase", [{"item_id": None, "n": "first"}, {"item_id": "B"}, {"item_id": "", "n": "third"}])
    write(tmp_path / DAY / "log", [line])
    found = Ingested(tmp_path, {"path": "{day}/log", **GA4})
    first, third = found.refused["raw"].to_list()
    assert json.loads(first) == line and json.loads(third) == {"item_id": "", "n": "third"}
    assert found.refused["source_line"].to_list() == [1, 1]
    assert found.totals() | {"accepted": 1, "quarantined": 2, "exploded": 2, "raw_lines": 1} == found.totals()


def test_copies_are_found_by_element(tmp_path: Path) -> None:
    lines = [a_ga4_line("purchase", [{"item_id": each} for each in items]) for items in ("AB", "BC", "AA")]
    write(tmp_path / DAY / "log", lines)
    found = Ingested(tmp_path, {"path": "{day}/log", **GA4})
    assert found.events["item_id"].to_list() == ["A", "B", "C"]
    counts = {"raw_lines": 3, "accepted": 3, "duplicates": 3, "quarantined": 0, "ignored": 0, "exploded": 3}
    assert found.totals() == {**counts, "unread_values": 0}


ITEM = st.one_of(
    st.fixed_dictionaries(
        {"item_id": st.sampled_from(["A", "B", "", None, 3]), "price": st.sampled_from([1, "x", -1])}
    ),
    st.sampled_from([None, "A", 5, [], [[{}]]]),
)
ITEMS = st.one_of(st.lists(ITEM, max_size=4), ITEM, st.sampled_from(["", "[", '[{"item_id": "C"}]']))
NAME = st.sampled_from(["view_item", "purchase", "view_search_results", "scroll", None])
LINE = st.one_of(
    st.builds(a_ga4_line, NAME, ITEMS).map(json.dumps),
    st.sampled_from(["", "{", "[1]", '{"items": [{"a": 1, "a": 2}]}', '{"items": [NaN], "event_name": "purchase"}']),
)


@given(st.lists(st.lists(LINE, max_size=8), min_size=1, max_size=3), st.booleans())
def test_every_line_and_every_row_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[str]], filtered: bool
) -> None:
    root = tmp_path_factory.mktemp("exploded")
    for number, lines in enumerate(files):
        write(root / DAY / f"{number}", lines)
    where = {"event_name": ["purchase", "scroll", "view_item"]} if filtered else {}
    found = Ingested(root, {"path": "{day}/*", **GA4, "where": where})
    raw = {str(root / DAY / f"{number}"): len(lines) for number, lines in enumerate(files) if lines}
    ledger = {row["source_file"]: row for row in found.ledger.to_dicts()}
    assert {file: row["raw_lines"] for file, row in ledger.items()} == raw
    for file, row in ledger.items():
        fates = sum(row[name] for name in ("accepted", "duplicates", "quarantined", "ignored"))
        assert row["raw_lines"] + row["exploded"] == fates
        for name, rows in (("accepted", found.events), ("quarantined", found.refused)):
            assert row[name] == (len(rows.filter(pl.col("source_file") == file)) if len(rows) else 0)
