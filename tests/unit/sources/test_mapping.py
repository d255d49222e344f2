"""What a mapping may say beyond `column: field`: several fields, conditions, what is left out, and times in parts."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from interest_spark.schemas.reasons import IGNORED
from tests.unit.sources.mapped_rows import Ingested, typed, write

TIME = "2026-01-30T10:00:00Z"


def a_line(**fields: Any) -> dict[str, Any]:
    return {"user_id": "u", "item_id": "i", "behavior": "view", "event_time": TIME, **fields}


NATIVE = {name: name for name in ("user_id", "item_id", "behavior", "event_time", "quantity", "price", "query")}


def test_the_first_of_several_fields_that_has_a_value_counts(tmp_path: Path) -> None:
    ids = [{"userId": "u1", "anonymousId": "a1"}, {"userId": None, "anonymousId": "a2"}, {"userId": " "}, {"x": 1}]
    nested = {"context": {"device": {"id": "d3"}}}
    log = write(tmp_path / "log", [{**a_line(), **each} for each in (*ids[:2], {**ids[2], **nested}, ids[3])])
    columns = {**NATIVE, "user_id": ["userId", "anonymousId", "context.device.id"]}
    found = typed(log, columns=columns)
    assert found["user_id"].to_list() == ["u1", "a2", "d3", None]
    assert found["reason"].to_list() == [None, None, None, "missing_user"]


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("[?&]sku=([^&]+)", ["A-1", None, None, None]),
        ("[?&](?:sku|id)=([^&]*)", ["A-1", None, "7", None]),  # nothing is no value, either
        ("[0-9]+$", ["1", None, "7", None]),  # without a group all that is matched
        (r"^/p/(?P<item>[^/?]+)", ["lamp", "chair", None, None]),
    ],
)
def test_a_part_of_a_field_is_taken_by_a_regular_expression(
    tmp_path: Path, match: str, found: list[str | None]
) -> None:
    urls = ["/p/lamp?v=1&sku=A-1", "/p/chair?sku=", "/list?id=7", None]
    log = write(tmp_path / "log", [a_line(url=url) for url in urls])
    rows = typed(log, columns={**NATIVE, "item_id": {"field": "url", "match": match}})
    assert rows["item_id"].to_list() == found
    assert rows["reason"].to_list() == ["missing_item" if each is None else None for each in found]


def test_the_first_of_several_columns_of_csv(tmp_path: Path) -> None:
    log = write(tmp_path / "log", [f"NULL,c1,i,{TIME}", f"m2,c2,i,{TIME}"], header="member,cookie,sku,ts")
    columns = {"user_id": ["member", "cookie"], "item_id": "sku", "event_time": "ts"}
    found = typed(log, format="csv", columns=columns, constants={"behavior": "view"})
    assert found["user_id"].to_list() == ["c1", "m2"]


@pytest.mark.parametrize("copies", [1, 300])  # one by one, and with a sample that is asked first
@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ({"p": '{"sku": "A"}'}, "p.sku", "A"),
        ({"p": ' {"sku": {"id": 12.50}}'}, "p.sku.id", "12.50"),
        ({"p": {"q": '{"sku": "A"}'}}, "p.q.sku", "A"),
        ({"p": '{"q": "{\\"sku\\": \\"A\\"}"}'}, "p.q.sku", "A"),
        ({"p": '[{"sku": "A"}, {"sku": "B"}]'}, "p.1.sku", "B"),
        ({"p": [{"sku": "A"}, {"sku": "B"}]}, "p[1].sku", "B"),
        ({"p": ["A", "B"]}, "p[0]", "A"),
        ({"p": ["A", "B"]}, "p.2", None),
        ({"p": [{"key": "term", "value": {"s": "A"}}]}, "p.term.value.s", "A"),
        ({"p.sku": "plain", "p": '{"sku": "A"}'}, "p.sku", "plain"),
        ({"p": '{"sku": "A"'}, "p.sku", None),
        ({"p": "{" * 2000}, "p.sku", None),
        ({"p": "text"}, "p.sku", None),
    ],
)
def test_a_way_leads_into_inner_values(tmp_path: Path, line: Any, field: str, value: str | None, copies: int) -> None:
    log = write(tmp_path / "log", [{**a_line(), **line}] * copies)
    found = typed(log, columns={**NATIVE, "item_id": field})
    assert found["item_id"].to_list() == [value] * copies


def test_an_inner_text_with_a_key_twice_refuses_the_line(tmp_path: Path) -> None:
    log = write(tmp_path / "log", [a_line(p='{"sku": "A", "sku": "B"}')])
    assert typed(log, columns={**NATIVE, "item_id": "p.sku"})["reason"].to_list() == ["duplicate_key"]


def test_only_lines_with_a_value_asked_for_are_taken_and_the_others_counted(tmp_path: Path) -> None:
    """RetailRocket's item properties: a value a line, and its name beside it."""
    lines = ["1,A,categoryid,7", "1,A,available,1", "1,B,categoryid,9", "1,B,,", "1,B"]
    log = write(tmp_path / "log", lines, header="timestamp,itemid,property,value")
    found = typed(
        log,
        "items",
        format="csv",
        columns={"item_id": "itemid", "category": "value", "updated_at": "timestamp"},
        time_format="unix_s",
        where={"property": "categoryid"},
    )
    assert found["reason"].to_list() == [None, IGNORED, None, IGNORED, "wrong_field_count"]
    assert found.filter(pl.col("reason").is_null())["category"].to_list() == ["7", "9"]


def test_where_takes_numbers_and_truth_as_yaml_has_them(tmp_path: Path) -> None:
    log = write(tmp_path / "log", [a_line(ok=True, n=1), a_line(ok=False, n=1), a_line(ok=True, n=3), a_line(n=2)])
    found = typed(log, where={"ok": True, "n": [1, 2]})
    assert found["reason"].to_list() == [None, IGNORED, IGNORED, IGNORED]


RETURNS = [{"negative": "quantity", "set": {"behavior": "return"}}]


def test_a_negative_quantity_is_a_return_where_a_case_says_so(tmp_path: Path) -> None:
    quantities = ["-1", "2", "-0", "- 3.5", "", "-x"]
    log = write(tmp_path / "log", [f"u,i,{TIME},{each}" for each in quantities], header="uid,sku,ts,qty")
    columns = {"user_id": "uid", "item_id": "sku", "event_time": "ts", "quantity": "qty"}
    found = typed(log, format="csv", columns=columns, constants={"behavior": "purchase"}, cases=RETURNS)
    assert found["behavior"].to_list() == ["return", "purchase", "purchase", "return", "purchase", "purchase"]
    assert found["quantity"].to_list() == [1.0, 2.0, 0.0, 3.5, None, None]
    assert found["unread"].to_list() == [None] * 5 + ["quantity"]


def test_the_first_case_that_holds_counts(tmp_path: Path) -> None:
    lines = [a_line(behavior="buy", kind="C", quantity=-2), a_line(behavior="buy", quantity=-1), a_line(behavior="buy")]
    log = write(tmp_path / "log", lines)
    cases = [{"where": {"kind": "C"}, "negative": "quantity", "set": {"behavior": "share", "query": "x"}}, *RETURNS]
    found = typed(log, cases=cases, behaviors={"buy": "purchase"})
    assert found["behavior"].to_list() == ["share", "return", "purchase"]
    assert found["query"].to_list() == ["x", None, None]
    assert found["quantity"].to_list() == [2.0, 1.0, None]


def test_without_a_case_a_negative_quantity_refuses_the_line(tmp_path: Path) -> None:
    """Without its sign a return would be a purchase."""
    log = write(tmp_path / "log", [a_line(quantity=-1)])
    assert typed(log)["reason"].to_list() == ["bad_quantity"]


def test_a_search_needs_no_item_and_neither_does_what_is_said_to(tmp_path: Path) -> None:
    search, page = {**a_line(behavior="search", query="red"), "item_id": None}, {**a_line(), "item_id": None}
    log = write(tmp_path / "log", [search, page, {**a_line(behavior="cart"), "item_id": None}])
    assert typed(log)["reason"].to_list() == [None, "missing_item", "missing_item"]
    assert typed(log, without_item=["view"])["reason"].to_list() == ["missing_item", None, "missing_item"]


def test_what_is_ignored_needs_no_ids(tmp_path: Path) -> None:
    words = ["page", "view", "hover", "buy", None]
    lines = [{"behavior": each, "event_time": "never"} for each in words]
    log = write(tmp_path / "log", [*lines, a_line(behavior="buy")])
    some = typed(log, behaviors={"buy": "purchase", "page": "ignore"})["reason"].to_list()
    assert some == [IGNORED, "missing_user", "missing_user", "missing_user", "missing_user", None]
    every = typed(log, behaviors={"buy": "purchase", "*": "ignore"})["reason"].to_list()
    assert every == [IGNORED, IGNORED, IGNORED, "missing_user", "missing_user", None]
    native = typed(log, behaviors={"*": "ignore"})["reason"].to_list()
    assert native == [IGNORED, "missing_user", IGNORED, IGNORED, "missing_user", IGNORED]


def test_a_number_that_is_none_costs_the_value_and_is_counted(tmp_path: Path) -> None:
    prices = ["12.5", "—", "1,299.00", -1, "NaN", None]
    write(tmp_path / DAY / "log", [a_line(price=each, rating="good", item_id=f"{n}") for n, each in enumerate(prices)])
    source = {"path": "{day}/log"}
    found = Ingested(tmp_path, {**source, "columns": {**NATIVE, "rating": "rating"}})
    assert found.events["price"].to_list() == [12.5, None, None, None, None, None]
    assert found.totals()["unread_values"] == 6  # of each the rating
    examples = found.accounts[0].examples
    assert {kind: each.line for kind, each in examples.items()} == {"unread rating": 1, "unread price rating": 2}
    strict = Ingested(tmp_path, {**source, "strict": ["price"]})
    assert strict.refused["reason"].to_list() == ["bad_price"] * 4


DAY = "2026-01-30"


@pytest.mark.parametrize(
    ("header", "line", "keys", "instant"),
    [
        ("d,t", "2026-01-30,10:05:00", {"event_time": {"join": ["d", "t"]}}, "2026-01-30 10:05:00"),
        ("d,t", "30.01.2026,1005", {"event_time": {"join": ["d", "t"], "separator": ""}}, "2026-01-30 10:05:00"),
        ("d,t,z", "2026-01-30,10:05:00,+08:00", {"event_time": {"join": ["d", "t", "z"]}}, "2026-01-30 02:05:00"),
        ("d,ms", "2026-01-30,36300000", {"event_time": "d", "offset": ("ms", "milliseconds")}, "2026-01-30 10:05:00"),
        ("d,n", "2026-01-28,2.5", {"event_time": "d", "offset": ("n", "days")}, "2026-01-30 12:00:00"),
        ("d,n", "2026-01-30,soon", {"event_time": "d", "offset": ("n", "days")}, None),
        ("d,n", "2026-01-30,", {"event_time": "d", "offset": ("n", "days")}, None),
        ("t,d", "10:05:00,", {"event_time": {"join": ["d", "t"]}}, None),
        ("d", "0130", {"event_time": "d", "year": 2026}, "2026-01-30 00:00:00"),
        ("d", "0229", {"event_time": "d", "year": 2026}, None),
    ],
)
def test_a_time_in_parts(tmp_path: Path, header: str, line: str, keys: dict[str, Any], instant: str | None) -> None:
    log = write(tmp_path / "log", [line], header=header)
    formats = {"30.01.2026,1005": "dd.MM.yyyyHHmm", "2026-01-30,10:05:00,+08:00": "yyyy-MM-dd HH:mm:ss XXX"}
    more: dict[str, Any] = {"time_format": formats.get(line, "iso")}
    if "offset" in keys:
        more["time_offset"] = dict(zip(("field", "unit"), keys["offset"], strict=True))
    if "year" in keys:
        more = {"time_format": "MMdd", "time_year": keys["year"]}
    constants = {"user_id": "u", "item_id": "i", "behavior": "view"}
    found = typed(log, format="csv", columns={"event_time": keys["event_time"]}, constants=constants, **more)
    times = found["event_time"].dt.strftime("%Y-%m-%d %H:%M:%S").to_list()
    assert times == [instant]
    assert (found["reason"][0] is None) == (instant is not None)


@pytest.mark.parametrize(
    ("written", "time_format", "reason", "known"),
    [
        ("2026-01-29T10:00:00Z", "iso", None, "2026-01-29"),
        ("1769000000", "iso", "bad_time", None),
        ("soon", "iso", "bad_time", None),
        ("1769000000000", "unix_s", "time_out_of_range", None),
        ("0001-01-01T00:00:00Z", "iso", None, "1970-01-01"),
        ("0000-00-00 00:00:00", "iso", None, "1970-01-01"),
        ("9999-12-31", "iso", None, None),
        ("", "iso", None, None),
    ],
)
def test_an_items_time_is_read_or_the_line_refused(
    tmp_path: Path, written: str, time_format: str, reason: str | None, known: str | None
) -> None:
    log = write(tmp_path / "log", [f"A,{written},—"], header="sku,upd,price")
    columns = {"item_id": "sku", "updated_at": "upd", "price": "price"}
    found = typed(log, "items", format="csv", columns=columns, time_format=time_format)
    assert found["reason"].to_list() == [reason]
    if reason is None:
        assert found["updated_at"].dt.strftime("%Y-%m-%d").to_list() == [known]
        assert (found["price"].to_list(), found["unread"].to_list()) == ([None], ["price"])


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_only_columns_that_the_deployment_maps_are_missed(tmp_path: Path, file_format: str) -> None:
    """Whoever delivers the native columns need not have all of them; who maps one is told that it is not there."""
    names = ("user_id", "item_id", "behavior", "event_time")
    rows = pl.DataFrame([["u"], ["i"], ["view"], [TIME]], schema=names)
    log = tmp_path / "log"
    rows.write_csv(log) if file_format == "csv" else rows.write_parquet(log)
    assert typed(log, format=file_format)["file_note"].to_list() == [None]
    (note,) = typed(log, format=file_format, columns={name: name for name in (*names, "price")})["file_note"]
    assert note.endswith("has no column 'price', which is empty there")
