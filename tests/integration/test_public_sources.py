"""Public data sets with the configurations in conf/: every line is accounted for, by counts made without Spark.

The data lie outside the repository, in ../shared/data; a test whose data set is absent is skipped by name.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from interest_spark.config.deployment import Config
from interest_spark.config.file import load_config
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from tests.runs import run_job

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"

pytestmark = [pytest.mark.usefixtures("spark"), pytest.mark.slow]


def data_folder(name: str) -> Path:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"the data set {name} is not in {DATA}")
    return folder


def frame(path: Path) -> pd.DataFrame:
    """A CSV as text, empty cells as empty text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@dataclass(frozen=True)
class Ingested:
    """What one run of `interest ingest` with a configuration of conf/ left."""

    config: Config

    @classmethod
    def of(cls, name: str, folder: Path, day: str, warehouse: Path, *overrides: str) -> "Ingested":
        settings = [f"sources.root={folder}", f"warehouse={warehouse}", "spark.shuffle_partitions=2", *overrides]
        config = load_config(ROOT / "conf" / f"{name}.yaml", settings)
        run_job("ingest", RunContext(config, date.fromisoformat(day)))
        return cls(config)

    def table(self, name: str, **selection: Any) -> pa.Table:
        return Warehouse(self.config.warehouse).read_small(name, **selection)

    def ledger(self) -> dict[str, Counter[str]]:
        """Counts by file, over all days; each day's balance is checked on the way."""
        files: dict[str, Counter[str]] = {}
        for row in self.table("ingest_ledger").to_pylist():
            assert row["raw_lines"] == row["accepted"] + row["duplicates"] + row["quarantined"], row
            counts = {name: row[name] for name in ("raw_lines", "accepted", "duplicates", "quarantined")}
            files.setdefault(Path(row["source_file"]).name, Counter()).update(counts)
        return files

    def reasons(self, file: str) -> Counter[str]:
        """Quarantined lines of one file by reason."""
        quarantine = self.table("quarantine")
        ours = quarantine.filter(pc.ends_with(quarantine["source_file"], file))
        return Counter(ours["reason"].to_pylist())

    def check(self, file: str, lines: int, duplicates: int, reasons: dict[str, int]) -> None:
        """The file's lines are conserved, with exactly these fates; each accepted line stands in `events` once."""
        refused = sum(reasons.values())
        expected = {"raw_lines": lines, "accepted": lines - duplicates - refused, "duplicates": duplicates}
        assert self.ledger()[file] == Counter({**expected, "quarantined": refused})
        assert self.reasons(file) == Counter(reasons)
        places = self.table("events").select(["source_file", "source_line"])
        assert places.num_rows == places.group_by(["source_file", "source_line"]).aggregate([]).num_rows
        assert places.num_rows == expected["accepted"]


def test_online_retail(tmp_path: Path) -> None:
    folder = data_folder("online_retail")
    raw = frame(folder / "online_retail.csv.gz")
    anonymous = raw.CustomerID == ""
    service = raw.StockCode.isin(["POST", "DOT", "C2", "M", "m", "D", "S", "B", "CRUK", "BANK CHARGES", "AMAZONFEE"])
    goods = raw[~anonymous & ~service]
    copies = goods.duplicated(["CustomerID", "StockCode", "InvoiceNo", "InvoiceDate", "UnitPrice", "Quantity"])

    shop = Ingested.of("online_retail", folder, "2011-11-30", tmp_path)
    reasons = {"missing_user": int(anonymous.sum()), "service_item": int((service & ~anonymous).sum())}
    shop.check("online_retail.csv.gz", 541_909, int(copies.sum()), reasons)

    kept = goods[~copies]
    events = shop.table("events")
    cancelled = kept.InvoiceNo.str.startswith("C")
    expected = {"return": int(cancelled.sum()), "purchase": int((~cancelled).sum())}
    assert Counter(events["behavior"].to_pylist()) == Counter(expected)
    assert pc.sum(events["quantity"]).as_py() == kept.Quantity.astype(int).abs().sum()
    before = goods[pd.to_datetime(goods.InvoiceDate) < "2011-12-01"]
    assert set(shop.table("items")["item_id"].to_pylist()) == set(before.StockCode)


def test_taobao(tmp_path: Path) -> None:
    folder = data_folder("taobao_userbehavior")
    raw = frame(folder / "UserBehavior_sample.csv.gz")
    day = pd.to_datetime(raw.timestamp.astype("int64") + 8 * 3600, unit="s").dt.strftime("%Y-%m-%d")
    inside = day.between("2017-11-25", "2017-12-03")

    shop = Ingested.of("taobao", folder, "2017-12-03", tmp_path)
    assert int((~inside).sum()) == 35
    shop.check("UserBehavior_sample.csv.gz", 84_475, 0, {"time_out_of_range": 35})

    per_day = {dt: shop.table("events", day=dt).num_rows for dt in Warehouse(tmp_path).days("events")}
    assert per_day == day[inside].value_counts().to_dict()
    names = {"pv": "view", "cart": "cart", "fav": "favorite", "buy": "purchase"}
    expected = raw[inside].behavior_type.map(names).value_counts().to_dict()
    assert Counter(shop.table("events")["behavior"].to_pylist()) == Counter(expected)


def test_movielens(tmp_path: Path) -> None:
    """The beginning of the ratings, for time's sake; films and users whole."""
    folder = data_folder("ml-1m")
    raw = frame(folder / "ratings.csv.gz").head(150_000)
    raw.to_csv(tmp_path / "ratings.csv.gz", index=False)
    for name in ("movies.csv.gz", "users.csv.gz"):
        (tmp_path / name).symlink_to(folder / name)
    undated = int((raw.timestamp == "").sum())

    shop = Ingested.of("movielens", tmp_path, "2003-02-28", tmp_path / "warehouse")
    shop.check("ratings.csv.gz", 150_000, 0, {"missing_time": undated} if undated else {})

    assert shop.table("items").num_rows == 3_883
    users = shop.table("users")
    assert users.num_rows == 6_040
    assert users["attributes"].null_count == 0
    stars = Counter(shop.table("events")["rating"].to_pylist())
    assert stars == Counter(raw[raw.timestamp != ""].rating.astype(float).tolist())


def test_amazon_reviews(tmp_path: Path) -> None:
    folder = data_folder("amazon_gift_cards")
    raw = pd.read_json(folder / "Gift_Cards_5.json.gz", lines=True, dtype=False)
    copies = int(raw.duplicated(["reviewerID", "asin", "unixReviewTime"]).sum())

    shop = Ingested.of("amazon_reviews", folder, "2018-10-02", tmp_path)
    shop.check("Gift_Cards_5.json.gz", 2_972, copies, {})
    assert shop.ledger()["meta_Gift_Cards.json.gz"]["accepted"] == 1_547
    titled = shop.table("items").filter(pc.is_valid(shop.table("items")["title"]))
    assert set(raw.asin) <= set(titled["item_id"].to_pylist())


def test_gowalla(tmp_path: Path) -> None:
    folder = data_folder("gowalla_nyc")
    raw = frame(folder / "checkins.csv.gz")
    copies = int(raw.duplicated(["user_id", "location_id", "checkin_time"]).sum())

    shop = Ingested.of("gowalla", folder, "2010-10-23", tmp_path)
    shop.check("checkins.csv.gz", 138_957, copies, {})
    assert shop.reasons("venues.csv.gz") == Counter()
    places = {row["item_id"]: row for row in shop.table("items").to_pylist()}
    assert len(places) == 30_366
    venue = frame(folder / "venues.csv.gz").iloc[0]
    assert places[venue.location_id]["title"] == venue["name"]
    assert dict(places[venue.location_id]["attributes"])["latitude"] == venue.latitude
