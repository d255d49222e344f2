"""Small files as services and databases export their events, of invented users and items."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.layouts.data_sets import write
from tests.layouts.sample import BROKEN, COPIES, LINES, Row, Sample, at, is_broken, is_copy, item, user

DAY = "2026-01-30"
_START = datetime(2026, 1, 30, 1, tzinfo=timezone.utc)
_IGNORED = sum(n % 10 == 3 for n in range(LINES))


def ga4(root: Path) -> Sample:
    """Half of the lines are views, the others have two items, none but a search term, or nothing that is mapped."""
    start = _START + timedelta(hours=8)  # the day begins at 8:00 UTC in Los Angeles

    def line(n: int) -> dict[str, Any]:
        number = n - is_copy(n)
        items = [_ga4_item(f"SKU-{item(n)}", 9.5)]
        name, params = "view_item", []
        if number % 10 in (4, 6):
            name, items = "purchase", [*items, _ga4_item(f"SKU-{item(n) + 100}", 20)]
        elif number % 10 == 5:
            name, items, params = "view_search_results", [], [_ga4_text("search_term", f"lamp {number}")]
        elif number % 10 == 3:
            name, items = "session_start", []
        if is_broken(n):
            items = [_ga4_item("(not set)", 9.5)]
        return {
            "event_date": "20260130",
            "event_timestamp": str(int(at(start, n).timestamp()) * 1_000_000),
            "event_name": name,
            "event_params": [_ga4_text("page_title", "Lamps"), _ga4_int("ga_session_id", user(n)), *params],
            "event_bundle_sequence_id": str(n),
            "user_id": f"member-{user(n)}" if user(n) % 4 == 0 else None,
            "user_pseudo_id": f"{user(n)}.1769000000",
            "user_properties": [],
            "device": {"category": "mobile", "web_info": {"browser": "Safari"}},
            "platform": "WEB",
            "items": items,
        }

    write(root / "events_20260130000000000000.json", (json.dumps(line(n)) for n in range(LINES)))
    some: list[Row] = [
        ("1.1769000000", "SKU-1", "view", at(start, 0), 9.5),
        ("member-8", "SKU-50", "view", at(start, 7), 9.5),
        ("5.1769000000", "SKU-29", "purchase", at(start, 4), 9.5),
        ("5.1769000000", "SKU-129", "purchase", at(start, 4), 20.0),
        ("6.1769000000", None, "search", at(start, 5), None),
    ]
    purchases = sum(n % 10 in (4, 6) for n in range(LINES))
    kept = LINES + purchases - COPIES - BROKEN - _IGNORED
    return Sample(DAY, kept, some, COPIES, _IGNORED, {"missing_item": BROKEN}, purchases)


def _ga4_item(sku: str, price: float) -> dict[str, Any]:
    return {"item_id": sku, "item_name": "Lamp", "price": price, "quantity": "1", "item_params": []}


def _ga4_text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"string_value": value, "int_value": None, "float_value": None, "double_value": None}}


def _ga4_int(key: str, value: int) -> dict[str, Any]:
    return {"key": key, "value": {"string_value": None, "int_value": str(value), "float_value": None}}


def segment(root: Path) -> Sample:
    """Half of the users are known by their anonymous id alone; a tenth of the lines are page calls."""

    def line(n: int) -> dict[str, Any]:
        number, anonymous = n - is_copy(n), None if is_broken(n) else f"anon-{user(n)}"
        call: dict[str, Any] = {
            "anonymousId": anonymous,
            "context": {"page": {"url": "https://shop.example/lamps"}, "library": {"name": "analytics.js"}},
            "event": "Product Viewed",
            "messageId": f"ajs-{number}",
            "properties": {"product_id": f"P{item(n)}", "sku": f"G-{item(n)}", "price": 18.99, "quantity": 1},
            "receivedAt": f"{at(_START, n):%Y-%m-%dT%H:%M:%S}.900Z",
            "timestamp": f"{at(_START, n):%Y-%m-%dT%H:%M:%S}.310Z",
            "type": "track",
            "userId": None if user(n) % 2 or is_broken(n) else f"user-{user(n)}",
        }
        if number % 10 in (4, 6):
            products = [{"product_id": f"P{item(n) + k}", "price": 5 + k, "quantity": k + 1} for k in range(2)]
            call |= {"event": "Order Completed", "properties": {"order_id": f"{number}", "products": products}}
        elif number % 10 == 5:
            call |= {"event": "Products Searched", "properties": {"query": "blue lamp"}}
        elif number % 10 == 3:
            call |= {"type": "page", "name": "Home", "properties": {"path": "/"}}
            del call["event"]
        return call

    midnight = int(datetime(2026, 1, 30, tzinfo=timezone.utc).timestamp() * 1_000)
    folder = root / f"segment-logs/aBc123/{midnight}"
    lines = [json.dumps(line(n)) for n in range(LINES)]
    write(folder / "1769731200_1.gz", lines[:1_000])
    write(folder / "1769731200_2.gz", lines[1_000:])
    part = timedelta(milliseconds=310)
    some: list[Row] = [
        ("anon-1", "P1", "view", at(_START, 0) + part, 18.99),
        ("user-2", "P8", "view", at(_START, 1) + part, 18.99),
        ("anon-5", "P29", "purchase", at(_START, 4) + part, 5.0),
        ("anon-5", "P30", "purchase", at(_START, 4) + part, 6.0),
        ("user-6", None, "search", at(_START, 5) + part, None),
    ]
    orders = sum(n % 10 in (4, 6) for n in range(LINES))
    kept = LINES + orders - COPIES - BROKEN - _IGNORED
    return Sample(DAY, kept, some, COPIES, _IGNORED, {"missing_user": BROKEN}, orders)


_CLOUDFRONT_FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end"
)


def cloudfront(root: Path) -> Sample:
    """Two files of an hour each; a tenth of the requests are for something else than the pixel."""

    def line(n: int) -> str:
        action = ("view", "cart", "purchase")[(n - is_copy(n)) % 3]
        query = f"v=1&uid={'' if is_broken(n) else f'u{user(n)}'}&sku=sku-{item(n)}&action={action}&price={item(n)}.5"
        stem, query = ("/assets/app.js", "-") if n % 10 == 3 else ("/pixel.gif", query)
        place = f"FRA56-P4 476 192.0.2.{user(n)} GET d111111abcdef8.cloudfront.net {stem} 200 https://shop.example/"
        after = f"- Hit id-{n}== shop.example https 33 0.001 - TLSv1.3 TLS_AES_128_GCM_SHA256 Hit HTTP/2.0 - - 11040"
        cells = (
            f"{at(_START, n):%Y-%m-%d %H:%M:%S} {place} Mozilla/5.0%20(X11) {query} {after} 0.001 Hit image/gif 43 - -"
        )
        return cells.replace(" ", "\t")

    lines = [line(n) for n in range(LINES)]
    for hour, part in (("01", lines[:1_000]), ("11", lines[1_000:])):
        name = f"E2EXAMPLE.{DAY}-{hour}.1a2b3c{hour}.gz"
        write(root / name, ["#Version: 1.0", f"#Fields: {_CLOUDFRONT_FIELDS}", *part])
    some: list[Row] = [
        ("u1", "sku-1", "view", at(_START, 0), 1.5),
        ("u2", "sku-8", "cart", at(_START, 1), 8.5),
        ("u3", "sku-15", "purchase", at(_START, 2), 15.5),
    ]
    kept = LINES - COPIES - BROKEN - _IGNORED
    return Sample(DAY, kept, some, COPIES, _IGNORED, {"missing_user": BROKEN})


def postgresql(root: Path) -> Sample:
    """Returns are orders of a negative quantity, and some searches go on over two lines."""

    def record(n: int) -> str:
        number = n - is_copy(n)
        who, fraction = "" if is_broken(n) else user(n), ("", ".25", ".123456")[number % 3]
        kind, product, quantity, text = "view", f"{item(n)}", "", ""
        if number % 10 == 4:
            kind, quantity = "order", "2"
        elif number % 10 == 6:
            kind, quantity = "order", "-1"
        elif number % 10 == 5:
            kind, product, text = "search", "", '"lamp, ""red""\nor blue"' if number % 20 == 5 else '"lamp"'
        return f"{n},{who},{product},{kind},{quantity},12.50,{text},t,{at(_START, n):%Y-%m-%d %H:%M:%S}{fraction}+00"

    header = "id,customer_id,product_id,kind,quantity,unit_price,search_text,is_app,created_at"
    write(root / f"shop_event-{DAY}.csv", [header, *map(record, range(LINES))])
    products = [f'{n},"Lamp ""No. {n}"", red",home/lighting,12.50,2026-01-29 08:00:00+00' for n in range(1, 61)]
    write(root / f"product-{DAY}.csv", ["product_id,name,category,unit_price,updated_at", *products])
    quarter = timedelta(milliseconds=250)
    some: list[Row] = [
        ("1", "1", "view", at(_START, 0), 12.5),
        ("5", "29", "purchase", at(_START, 4) + quarter, 12.5),
        ("7", "43", "return", at(_START, 6), 12.5),
        ("6", None, "search", at(_START, 5) + timedelta(microseconds=123_456), 12.5),
    ]
    items = {"1": {"title": 'Lamp "No. 1", red', "category": "home/lighting", "price": 12.5}}
    return Sample(DAY, LINES - COPIES - BROKEN, some, COPIES, 0, {"missing_user": BROKEN}, items=items)


def hive_parquet(root: Path) -> Sample:
    """A struct and timestamps as Hive writes them, beside what Spark leaves in a folder."""
    start = datetime(2026, 1, 29, 17, tzinfo=timezone.utc)  # of the day in Shanghai
    names = ("pv", "fav", "cart", "buy")
    rows = [
        {
            "user_id": None if is_broken(n) else 500 + user(n),
            "event_type": names[(n - is_copy(n)) % 4],
            "event_ts": at(start, n).replace(tzinfo=None),
            "qty": 1,
            "session_id": f"s{user(n)}",
            "product": {"sku": f"SKU{item(n)}", "price": item(n) + 0.5},
        }
        for n in range(LINES)
    ]
    folder = root / f"user_events/dt={DAY}"
    (folder / "_temporary/0").mkdir(parents=True)
    (folder / "_SUCCESS").touch()
    for place, name in enumerate(("part-00000-1f-c000.snappy.parquet", "000001_0")):
        table = pa.Table.from_pylist(rows[place * 1_000 : place * 1_000 + 1_000])
        pq.write_table(table, folder / name, use_deprecated_int96_timestamps=True)
        (folder / f".{name}.crc").write_bytes(b"crc")
    pq.write_table(table, folder / "_temporary/0/part-00002.snappy.parquet")
    products = root / f"products/dt={DAY}"
    products.mkdir(parents=True)
    known = [{"sku": f"SKU{n}", "title": f"台灯 {n}", "price": n + 0.5, "category": "home"} for n in range(1, 61)]
    pq.write_table(pa.Table.from_pylist(known), products / "part-00000.snappy.parquet")
    some: list[Row] = [
        ("501", "SKU1", "view", at(start, 0), 1.5),
        ("502", "SKU8", "favorite", at(start, 1), 8.5),
        ("503", "SKU15", "cart", at(start, 2), 15.5),
        ("504", "SKU22", "purchase", at(start, 3), 22.5),
    ]
    items = {"SKU7": {"title": "台灯 7", "price": 7.5}}
    return Sample(DAY, LINES - COPIES - BROKEN, some, COPIES, 0, {"missing_user": BROKEN}, items=items)
