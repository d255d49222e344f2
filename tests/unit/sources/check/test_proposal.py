"""A mapping is proposed from a log's first lines: layouts that shops and data sets have, each with invented rows."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

from interest_spark.config.source import SourceConfig
from interest_spark.sources.check.fields import layout_of
from interest_spark.sources.check.head import Head, has_header, read_head, separator_of
from interest_spark.sources.check.proposal import propose, time_format_of
from interest_spark.sources.check.trial import Trial, try_source
from interest_spark.sources.chunks import read_lines
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.lines import Lines

START = datetime(2026, 1, 30, 10, tzinfo=timezone.utc)
Row = Callable[[int, datetime], Any]


def the_head(tmp_path: Path, lines: list[str], encoding: str = "utf-8") -> Head:
    path = tmp_path / "log"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
    return read_head(Delivery(None, str(path), path.stat().st_size, ""), 100_000)


def proposed(head: Head, **keys: Any) -> tuple[dict[str, Any], Trial]:
    found = propose(layout_of(head), SourceConfig(path="x", **keys), "x")
    return found, try_source("events", SourceConfig.model_validate(found), head, None, 100_000)


def retail_rocket(n: int, at: datetime) -> str:
    event = ("view", "addtocart", "transaction")[n % 3]
    return f"{int(at.timestamp() * 1000)},{n % 7},{event},{n % 5},{n if n % 3 == 2 else ''}"


def yoochoose(n: int, at: datetime) -> str:
    return f"{n % 7},{at:%Y-%m-%dT%H:%M:%S}.123Z,{n % 5},0"


def ga4(n: int, at: datetime) -> Any:
    name = ("view_item", "session_start", "purchase", "view_search_results")[n % 4]
    items = [{"item_id": f"A{n % 5}", "price": "9.5", "quantity": "1"}, {"item_id": "B"}] if n % 2 == 0 else []
    line = {"event_date": f"{at:%Y%m%d}", "event_timestamp": str(int(at.timestamp()) * 1_000_000), "event_name": name}
    return {**line, "event_params": [{"key": "x", "value": {}}], "user_pseudo_id": f"1.{n % 7}", "items": items}


def otto(n: int, at: datetime) -> Any:
    events = [
        {"aid": n + k, "ts": int(at.timestamp() * 1000), "type": ("clicks", "carts", "orders")[k]} for k in range(3)
    ]
    return {"session": n, "events": events}


def rees46(n: int, at: datetime) -> str:
    event = ("view", "cart", "purchase", "remove_from_cart")[n % 4]
    return f"{at:%Y-%m-%d %H:%M:%S} UTC,{event},{n % 5},20530,electronics.phone,brand,{n}.50,{n % 7},0b8e-{n % 7}"


def h_and_m(n: int, at: datetime) -> str:
    return f"{at:%Y-%m-%d},00000{n % 7}fe,0{n % 5}63583001,0.05083,2"


def segment(n: int, at: datetime) -> Any:
    event = ("Product Viewed", "Product Added", "Page Loaded")[n % 3]
    ids = {"userId": f"user-{n % 7}", "anonymousId": f"anon-{n % 7}"}
    return {"type": "track", "event": event, **ids, "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
            "properties": {"product_id": f"P{n % 5}", "price": 9.5}}  # fmt: skip


def cloud_front(n: int, at: datetime) -> str:
    return f"{at:%Y-%m-%d}\t{at:%H:%M:%S}\tu{n % 7}\tsku-{n % 5}\tview"


def copied(n: int, at: datetime) -> str:
    return f'{n},{n % 7},"{n % 5}","{at:%Y-%m-%d %H:%M:%S}.25+00",{("view", "purchase")[n % 2]},12.50'


def taobao(n: int, at: datetime) -> str:
    return f"{n % 7},{n % 5},4756105,{('pv', 'buy', 'cart', 'fav')[n % 4]},{int(at.timestamp())}"


def chinese(n: int, at: datetime) -> str:
    return f"用户{n % 7};商品{n % 5};{('浏览', '下单')[n % 2]};{at:%Y/%m/%d %H:%M:%S}"


LAYOUTS: dict[str, tuple[Row, list[str], dict[str, Any]]] = {
    "RetailRocket": (retail_rocket, ["timestamp,visitorid,event,itemid,transactionid"], {"time_format": "unix_ms"}),
    "YooChoose": (yoochoose, ["session_id,timestamp,item_id,category"], {"time_format": "iso"}),
    "GA4": (ga4, [], {"time_format": "unix_us", "explode": "items"}),
    "OTTO": (otto, [], {"time_format": "unix_ms", "explode": "events"}),
    "REES46": (
        rees46,
        ["event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"],
        {"time_format": "iso", "behaviors": {"view": "view", "cart": "cart", "purchase": "purchase", "*": "ignore"}},
    ),
    "H&M": (h_and_m, ["t_dat,customer_id,article_id,price,sales_channel_id"], {"constants": {"behavior": "view"}}),
    "Segment": (segment, [], {"time_format": "iso"}),
    "CloudFront": (cloud_front, ["date\ttime\tcs-vid\tsku\taction"], {"separator": "\t"}),
    "PostgreSQL": (copied, ["id,user_id,product_id,created_at,event_type,price"], {"time_format": "iso"}),
    "Taobao": (taobao, ["user_id,item_id,category_id,behavior_type,timestamp"], {"time_format": "unix_s"}),
    "Chinese": (chinese, ["用户ID;商品编码;动作;时间"], {"separator": ";", "time_format": "yyyy/MM/dd HH:mm:ss"}),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_mapping_is_proposed_that_reads_nearly_all_lines(tmp_path: Path, name: str) -> None:
    row, header, expected = LAYOUTS[name]
    rows = [row(n, START + timedelta(minutes=n)) for n in range(60)]
    lines = [*header, *(each if isinstance(each, str) else json.dumps(each) for each in rows)]
    keys, trial = proposed(the_head(tmp_path, lines))
    assert trial.fault is None
    assert trial.good_share >= 0.95, (keys, trial)
    assert trial.reasons["good"] >= 30
    assert {key: keys.get(key) for key in expected} == expected


def test_what_the_author_has_mapped_stays(tmp_path: Path) -> None:
    lines = [f"u{n},v{n},i{n},view,2026-01-30 10:00:00" for n in range(5)]
    head = the_head(tmp_path, ["user_id,visitor,item,event,ts", *lines])
    keys, trial = proposed(head, columns={"user_id": "visitor"})
    assert keys["columns"] | {"user_id": "visitor", "item_id": "item"} == keys["columns"]
    assert trial.values["user_id"] == ["v0", "v1", "v2"]


@pytest.mark.parametrize(
    ("lines", "separator", "header"),
    [
        (["a,b", "1,2"], ",", True),
        (["1;2,5", "3;4,5"], ";", False),
        (["u::1::5", "v::2::4"], "::", False),
        (["name\tqty", "x y\t2"], "\t", True),
        (["view|A", "view|B"], "|", False),
    ],
)
def test_the_separator_and_the_header_are_found(lines: list[str], separator: str, header: bool) -> None:
    assert separator_of(lines) == separator
    assert has_header(lines, separator) == header


@pytest.mark.parametrize(
    ("text", "time_format"),
    [
        ("1769767200", "unix_s"),
        ("1769767200000", "unix_ms"),
        ("1769767200000000", "unix_us"),
        ("2026-01-30T10:00:00+08:00", "iso"),
        ("30.01.2026 10:00", "dd.MM.yyyy HH:mm"),
        ("1/30/2026 9:05:58 AM", "M/d/yyyy h:mm:ss a"),
        ("30/Jan/2026:10:00:00 +0000", "dd/MMM/yyyy:HH:mm:ss Z"),
        ("12", None),
        ("soon", None),
    ],
)
def test_the_format_of_times_is_told(text: str, time_format: str | None) -> None:
    assert time_format_of([text] * 3) == time_format


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "latin-1", "utf-8"])
def test_a_log_in_another_encoding_is_mapped(tmp_path: Path, encoding: str) -> None:
    item = "caf\u00e9" if encoding == "latin-1" else "\u676f\u5b50"
    head = the_head(tmp_path, ["user,item,event,ts", *[f"u{n % 3},{item},view,2026-01-30 10:00:00" for n in range(9)]])
    if encoding != "utf-8":
        lines = "".join(f"{line}\n" for line in head.lines).encode(encoding)
        (tmp_path / "log").write_bytes(lines)
        head = read_head(Delivery(None, str(tmp_path / "log"), len(lines), ""), 100_000)
    keys, trial = proposed(head)
    assert keys.get("encoding", "utf-8") == encoding
    assert (trial.good_share, trial.values["item_id"]) == (1.0, [item])


def test_another_encoding_is_named(tmp_path: Path) -> None:
    assert the_head(tmp_path, ["用户,商品"], "gb18030").encoding == "gb18030"
    assert the_head(tmp_path, ["用户,商品"]).encoding == "utf-8"


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read = tmp_path / "log", list[Lines]()
    path.write_bytes(b'{"user_id": "u"}\n' * 500_000)

    def noted(*arguments: Any) -> Iterator[Lines]:
        for part in read_lines(*arguments):
            read.append(part)
            yield part

    monkeypatch.setattr("interest_spark.sources.check.head.read_lines", noted)
    head = read_head(Delivery(None, str(path), path.stat().st_size, ""), 100_000)
    assert len(head.lines) == 1_000
    assert 0 < sum(map(len, read)) < 100_000


def test_users_without_login_are_known_by_another_field(tmp_path: Path) -> None:
    def line(n: int, **more: Any) -> str:
        time = f"{START + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ}"
        return json.dumps({"item": f"i{n}", "event": "view", "ts": time, "deviceId": f"d{n}", **more})

    everybody = the_head(tmp_path, [line(n, userId=f"u{n}") for n in range(9)])
    assert proposed(everybody)[0]["columns"]["user_id"] == "userId"  # one alone loses no line
    some = the_head(tmp_path, [line(n, userId=f"u{n}" if n % 3 else None) for n in range(9)])
    keys, trial = proposed(some)
    assert keys["columns"]["user_id"] == ["userId", "deviceId"]
    assert (trial.good_share, trial.values["user_id"][:2]) == (1.0, ["d0", "u1"])


def test_calls_of_another_kind_are_left_out(tmp_path: Path) -> None:
    calls = [{"type": "track", "event": "Product Viewed"}, {"type": "page"}, {"type": "identify"}]
    lines = [
        {"userId": "u", "timestamp": f"{START + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ}", "product_id": "p"}
        | calls[n % 3]
        for n in range(9)
    ]
    keys, trial = proposed(the_head(tmp_path, [json.dumps(line) for line in lines]))
    assert keys["where"] == {"type": ["track"]}
    assert trial.reasons == {"good": 3, "ignored": 6}


def test_negative_quantities_are_taken_for_returns(tmp_path: Path) -> None:
    lines = [f"u{n % 3},i,{-1 if n % 4 == 0 else 2},2026-01-30 10:00:{n:02}" for n in range(9)]
    keys, trial = proposed(the_head(tmp_path, ["user_id,item_id,qty,ts", *lines]))
    assert keys["cases"] == [{"negative": "quantity", "set": {"behavior": "return"}}]
    assert (trial.good_share, trial.values["behavior"]) == (1.0, ["return", "view"])


def test_codes_that_nobody_knows_are_shown_to_be_corrected(tmp_path: Path) -> None:
    lines = [f"u{n % 3},i,{n % 4},2026-01-30 10:00:{n:02}" for n in range(9)]
    keys, trial = proposed(the_head(tmp_path, ["user_id,item_id,action,ts", *lines]))
    assert keys["behaviors"] == dict.fromkeys("0123", "view")
    assert trial.good_share == 1.0


@pytest.mark.parametrize("kind", ["parquet", "orc"])
def test_tables_are_opened(tmp_path: Path, kind: str) -> None:
    times = pa.array([START + timedelta(seconds=n) for n in range(2_000)], pa.timestamp("us", tz="UTC"))
    columns = {"uid": [n % 7 for n in range(2_000)], "event": ["view"] * 2_000, "ts": times}
    table = pa.table({**columns, "product": [{"sku": f"A{n % 5}", "price": 1.5} for n in range(2_000)]})
    path = tmp_path / "000000_0"  # without a name that tells
    pq.write_table(table, path) if kind == "parquet" else orc.write_table(table, path)
    head = read_head(Delivery(None, str(path), path.stat().st_size, ""), 100_000)
    keys, trial = proposed(head)
    assert (keys["format"], keys["columns"]["item_id"], keys["time_format"]) == (kind, "product.sku", "iso")
    assert trial.reasons == {"good": 1_000}  # no more than its head


def test_times_without_a_year_take_that_of_the_day(tmp_path: Path) -> None:
    head = the_head(tmp_path, ["user_id,item_id,ts", *[f"u{n % 3},i,01-{n + 10} 10:00:00" for n in range(9)]])
    keys = propose(layout_of(head), SourceConfig(path="x"), "x", START.date())
    assert (keys["time_format"], keys["time_year"]) == ("MM-dd HH:mm:ss", 2026)
