"""Small files in the layouts of public data sets, of invented users and items."""

import gzip
import json
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.layouts.sample import BROKEN, COPIES, ITEMS, LINES, Sample, at, is_broken, is_copy, item, user

_UTC = timezone.utc


def write(path: Path, lines: Iterable[str]) -> None:
    """The lines as UTF-8, packed where the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1_000)


def retailrocket(root: Path) -> Sample:
    """Events, and two files of items' properties of which only `categoryid` is mapped."""
    start, names = datetime(2015, 9, 17, 1, tzinfo=_UTC), ("view", "addtocart", "transaction")

    def line(n: int) -> str:
        name = names[(n - is_copy(n)) % 3]
        visitor = "" if is_broken(n) else 1_000 + user(n)
        return f"{milliseconds(at(start, n))},{visitor},{name},{item(n)},{n if name == 'transaction' else ''}"

    write(root / "events.csv", ["timestamp,visitorid,event,itemid,transactionid", *map(line, range(LINES))])
    first, later = milliseconds(start - timedelta(9)), milliseconds(start - timedelta(2))
    for part in (1, 2):
        lines = ["timestamp,itemid,property,value"]
        for each in range(part, ITEMS + 1, 2):
            lines += [f"{first},{each},categoryid,{each % 5}", f"{later},{each},categoryid,{each % 5 + 100}"]
            lines += [f"{later},{each},available,1", f"{later},{each},790,n{each}000.000"]
        write(root / f"item_properties_part{part}.csv", lines)
    some = [
        ("1001", "1", "view", at(start, 0), None),
        ("1002", "8", "cart", at(start, 1), None),
        ("1003", "15", "purchase", at(start, 2), None),
    ]
    items = {"7": {"category": "102", "updated_at": start - timedelta(2)}, "60": {"category": "100"}}
    return _simple("2015-09-18", some, items=items)


def yoochoose(root: Path) -> Sample:
    """Four fifths are clicks; every second buy has no price."""
    start = datetime(2014, 9, 28, 4, tzinfo=_UTC)
    clicks, buys = [], []
    for n in range(LINES):
        session, time = "" if is_broken(n) else 11_299_000 + user(n), f"{at(start, n):%Y-%m-%dT%H:%M:%S}.750Z"
        if (n // 50) % 5 == 4:
            price = f"{item(n)}047,1" if (n - is_copy(n)) % 2 else "0,0"
            buys.append(f"{session},{time},{214_500_000 + item(n)},{price}")
        else:
            clicks.append(f"{session},{time},{214_500_000 + item(n)},{'S' if user(n) % 3 else '0'}")
    write(root / "yoochoose-clicks.dat", clicks)
    write(root / "yoochoose-buys.dat", buys)
    second = timedelta(seconds=0.75)
    some = [
        ("11299001", "214500001", "click", at(start, 0) + second, None),
        ("11299001", "214500021", "purchase", at(start, 200) + second, 0.0),
        ("11299002", "214500028", "purchase", at(start, 201) + second, 28_047.0),
    ]
    return _simple("2014-09-30", some)


def otto(root: Path) -> Sample:
    """Sessions of three events each; of some the last is the second again, or has no item."""
    start, types = datetime(2022, 8, 27, tzinfo=_UTC), ("clicks", "carts", "orders")

    def line(n: int) -> str:
        events: list[dict[str, object]] = [
            {"aid": 59_000 + item(n) + k, "ts": milliseconds(start) + n * 37_000 + k, "type": types[k]}
            for k in range(3)
        ]
        if is_copy(n):
            events[2] = events[1]
        if is_broken(n):
            del events[2]["aid"]
        return json.dumps({"session": 12_899_779 + n, "events": events})

    write(root / "otto-recsys-train.jsonl", map(line, range(LINES)))
    some = [
        ("12899779", "59001", "click", start, None),
        ("12899779", "59002", "cart", start + timedelta(milliseconds=1), None),
        ("12899780", "59010", "purchase", start + timedelta(seconds=37, milliseconds=2), None),
    ]
    rows = 3 * LINES
    kept = rows - COPIES - BROKEN
    return Sample("2022-08-28", kept, some, COPIES, 0, {"missing_item": BROKEN}, exploded=rows - LINES)


def rees46(root: Path) -> Sample:
    """Two months, of which the second one is packed; a tenth of the lines takes something out of a basket."""
    start, names = datetime(2019, 10, 31, 12, tzinfo=_UTC), ("view", "cart", "purchase")
    months: dict[str, list[str]] = {"2019-Oct.csv": [], "2019-Nov.csv.gz": []}
    for n in range(LINES):
        name, who = names[(n - is_copy(n)) % 3], "" if is_broken(n) else 520_000_000 + user(n)
        name = "remove_from_cart" if n % 10 == 3 else name
        number, time = item(n), at(start, n)
        line = f"{time:%Y-%m-%d %H:%M:%S} UTC,{name},{1_000_000 + number},2053013555631882655,"
        line += f"electronics.smartphone,{'samsung' if number % 2 else ''},{number}.50,{who},0b8e1f2a-{user(n)}"
        months["2019-Oct.csv" if time.month == 10 else "2019-Nov.csv.gz"].append(line)
    header = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
    for month, lines in months.items():
        write(root / month, [header, *lines])
    some = [
        ("520000001", "1000001", "view", at(start, 0), 1.5),
        ("520000002", "1000008", "cart", at(start, 1), 8.5),
        ("520000003", "1000015", "purchase", at(start, 2), 15.5),
    ]
    items = {"1000008": {"category": "electronics.smartphone", "brand": None, "price": 8.5}}
    ignored = sum(n % 10 == 3 for n in range(LINES))
    return _simple("2019-11-30", some, ignored=ignored, items=items | {"1000001": {"brand": "samsung"}})


def h_and_m(root: Path) -> Sample:
    """A purchase has a day and no time; an article bought twice stands on two equal lines."""

    def line(n: int) -> str:
        number = n - is_copy(n)
        who = "" if is_broken(n) else f"{user(n):064x}"
        return f"2020-09-{number % 20 + 1:02},{who},0{663_713_000 + number},0.050830508474576,{number % 2 + 1}"

    write(
        root / "transactions_train.csv",
        ["t_dat,customer_id,article_id,price,sales_channel_id", *map(line, range(LINES))],
    )
    columns = "product_code,prod_name,product_type_no,product_type_name,product_group_name,graphical_appearance_no"
    columns += ",graphical_appearance_name,colour_group_code,colour_group_name,perceived_colour_value_id"
    columns += ",perceived_colour_value_name,perceived_colour_master_id,perceived_colour_master_name,department_no"
    columns += ",department_name,index_code,index_name,index_group_no,index_group_name,section_no,section_name"
    columns += ",garment_group_no,garment_group_name,detail_desc"
    cells = "0108775,Strap top,253,Vest top,Garment Upper body,1010016,Solid,9,Black,4,Dark,5,Black,1676,Jersey Basic,A"
    cells += ',Ladieswear,1,Ladieswear,16,Womens Basics,1002,Jersey Basic,"Jersey top with ""narrow"" straps, long."'
    write(root / "articles.csv", [f"article_id,{columns}", *(f"0{663_713_000 + n},{cells}" for n in range(ITEMS))])
    customers = [f"{n:064x},,,ACTIVE,NONE,{20 + n},52043ee2{n}" for n in range(1, 41)]
    header = "customer_id,FN,Active,club_member_status,fashion_news_frequency,age,postal_code"
    write(root / "customers.csv", [header, *customers])
    stockholm = ZoneInfo("Europe/Stockholm")
    some = [
        (f"{1:064x}", "0663713000", "purchase", datetime(2020, 9, 1, tzinfo=stockholm), 0.050830508474576),
        (f"{2:064x}", "0663713001", "purchase", datetime(2020, 9, 2, tzinfo=stockholm), 0.050830508474576),
    ]
    description = 'Jersey top with "narrow" straps, long.'
    items = {"0663713007": {"title": "Strap top", "category": "Vest top", "description": description}}
    return _simple("2020-09-22", some, items=items)


def mind(root: Path) -> Sample:
    """Three news a line, of which one was clicked."""
    start = datetime(2019, 11, 11, 9, tzinfo=_UTC)

    def line(n: int) -> str:
        shown = " ".join(f"N{55_000 + item(n) + k}-{int(k == n % 3)}" for k in range(3))
        time = at(start, n)
        written = f"{time.month}/{time.day}/{time.year} {(time.hour + 11) % 12 + 1}:{time:%M:%S %p}"
        return f"{n + 1}\t{'' if is_broken(n) else f'U{user(n)}'}\t{written}\tN106403 N71977\t{shown}"

    lines = [line(n - is_copy(n)) for n in range(LINES)]
    write(root / "behaviors.tsv", lines)
    news = [
        f'N{n}\tlifestyle\tlifestyleroyals\tThe "Brands" Queen, and No. {n}\tShop now.\thttps://assets.msn.com/{n}.html'
        f'\t[{{"Label": "Elizabeth II", "Type": "P"}}]\t[]'
        for n in range(55_001, 55_064)
    ]
    write(root / "news.tsv", news)
    some = [
        ("U1", "N55001", "click", start, None),
        ("U1", "N55002", "view", start, None),
        ("U2", "N55009", "click", at(start, 1), None),
    ]
    rows, broken, copies = 3 * LINES, 3 * BROKEN, 3 * COPIES
    items = {"N55003": {"title": 'The "Brands" Queen, and No. 55003', "category": "lifestyleroyals"}}
    kept = rows - broken - copies
    return Sample("2019-11-15", kept, some, copies, 0, {"missing_user": broken}, rows - LINES, items=items)


def tmall(root: Path) -> Sample:
    """Month and day alone, half of them as the number that pandas makes of it."""

    def line(n: int) -> str:
        number, day = n - is_copy(n), (n - is_copy(n)) % 28 + 1
        who = "" if is_broken(n) else 328_000 + user(n)
        brand = "" if number % 7 == 0 else "2661.0"
        return f"{who},{323_000 + number},833,2882,{brand},{'08' if number % 2 else '8'}{day:02},{number % 4}"

    header = "user_id,item_id,cat_id,seller_id,brand_id,time_stamp,action_type"
    write(root / "user_log_format1.csv", [header, *map(line, range(LINES))])
    write(root / "user_info_format1.csv", ["user_id,age_range,gender", *(f"{328_000 + n},6,1" for n in range(1, 41))])
    shanghai = ZoneInfo("Asia/Shanghai")
    some = [
        ("328001", "323000", "click", datetime(2014, 8, 1, tzinfo=shanghai), None),
        ("328002", "323001", "cart", datetime(2014, 8, 2, tzinfo=shanghai), None),
        ("328003", "323002", "purchase", datetime(2014, 8, 3, tzinfo=shanghai), None),
        ("328004", "323003", "favorite", datetime(2014, 8, 4, tzinfo=shanghai), None),
    ]
    return _simple(
        "2014-08-31", some, items={"323001": {"category": "833", "brand": "2661.0"}, "323000": {"brand": None}}
    )


def _simple(
    day: str, some: list[object], *, ignored: int = 0, items: dict[str, dict[str, object]] | None = None
) -> Sample:
    """Of a log with an event a line, whose broken lines have no user."""
    kept = LINES - COPIES - BROKEN - ignored
    return Sample(day, kept, some, COPIES, ignored, {"missing_user": BROKEN}, items=items or {})  # type: ignore[arg-type]
