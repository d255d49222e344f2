"""Tiny files in the form in which the public data sets are delivered, for tests that have no data set at hand."""

import gzip
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from tests.layouts.data_sets import retailrocket

_USERS, _ITEMS = 40, 30


def write_public_samples(data: Path) -> None:
    """Write each data set's files, by the names that README.md uses, into folders below `data`."""
    _write(data / "online_retail/online_retail.csv.gz", _invoice_lines())
    _write(data / "taobao_userbehavior/UserBehavior.csv", _taobao_lines())
    movies = ['1::Toy "Story" (1995)::Animation|Comedy', "2::Misérables, Les (1995)::Drama"]
    _write(data / "ml-1m/movies.dat", movies, encoding="latin-1")
    _write(data / "ml-1m/users.dat", ["1::F::1::10::48067"])
    _write(data / "ml-1m/ratings.dat", ["1::1::5::978300760", "1::2::3::978302109"])
    review = '{"overall": 5.0, "reviewerID": "A1", "asin": "B1", "unixReviewTime": 1529193600}'
    _write(data / "amazon_gift_cards/Gift_Cards_5.json.gz", [review])
    _write(
        data / "amazon_gift_cards/meta_Gift_Cards.json.gz", ['{"asin": "B1", "title": "Card", "category": ["A", "B"]}']
    )
    check_in = "0\t2010-10-19T23:55:27Z\t30.2359091167\t-97.7951395833\t22847"
    _write(data / "gowalla/loc-gowalla_totalCheckins.txt.gz", [check_in])
    retailrocket(data / "retailrocket")


def _invoice_lines() -> Iterator[str]:
    """Customers who order the same few goods every week; some cancel, some pay postage, some are unknown."""
    rng = np.random.default_rng(1)
    yield "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    day, invoice = datetime(2011, 11, 16, 9), 536_365
    while day < datetime(2011, 12, 3):
        for customer in rng.choice(_USERS, 12, replace=False):
            invoice, at = invoice + 1, day + timedelta(minutes=int(rng.integers(600)))
            for item in rng.choice(_ITEMS, 3, replace=False):
                yield f'{invoice},{20_000 + item}A,"MUG, NO {item}",6,{at},2.55,{12_000 + customer},United Kingdom'
        yield f"C{invoice},20001A,MUG,-1,{day},2.55,12001,United Kingdom"
        yield f"{invoice},POST,POSTAGE,1,{day},18.0,12001,France"
        yield f"{invoice},20002A,damages,-3,{day},0.0,,United Kingdom"
        day += timedelta(days=1)


def _taobao_lines() -> Iterator[str]:
    """Nine days of events in Beijing time, one too early, in the official file's form: no header."""
    rng = np.random.default_rng(2)
    first = int(datetime(2017, 11, 24, 16, tzinfo=timezone.utc).timestamp())
    yield f"1,101,7,pv,{first - 1}"
    for user in range(_USERS):
        for second in np.sort(rng.integers(0, 9 * 86_400, 20)):
            item, behavior = 100 + int(rng.integers(_ITEMS)), rng.choice(["pv", "cart", "fav", "buy"])
            yield f"{user},{item},{item % 7},{behavior},{first + second}"


def _write(path: Path, lines: Iterable[str], encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(f"{line}\n" for line in lines).encode(encoding)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
