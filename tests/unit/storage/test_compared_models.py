"""What was made to compare models goes some weeks after it was made; what served, and figures, stay."""

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from interest_spark.schemas.tables import COMPARED_DAYS_KEPT
from interest_spark.storage.layout import Slice
from interest_spark.storage.retention import expire_compared
from interest_spark.storage.warehouse import Warehouse
from jobs import maintain
from tests.promotion_world import CUTOFF, DAY, FIRST, ITEMS, NAME, plant_model, promoting, run_on
from tests.small_tables import put_rows

COMPARED = "backtest-compare-sasrec"


def test_the_day_that_it_was_made_on_counts_and_not_the_day_that_it_is_of(tmp_path: Path) -> None:
    warehouse, now = Warehouse(tmp_path), datetime.now(timezone.utc)
    for name in (COMPARED, NAME, f"backtest-{NAME}"):
        for table in ("models", "recommendations", "metrics"):
            put_rows(warehouse, table, f"r-{name}", {Slice("2020-01-01", name): [{"model_version": name}]})
    later = now + timedelta(days=COMPARED_DAYS_KEPT, hours=1)
    for table in ("models", "recommendations", "metrics"):
        assert expire_compared(warehouse.open(table), now, "early") == []
        gone = [] if table == "metrics" else [Slice("2020-01-01", COMPARED)]
        assert expire_compared(warehouse.open(table), later, "late") == gone
        assert len(warehouse.open(table).slices()) == 3 - len(gone)


def test_the_bundle_of_a_champion_stays_when_its_day_is_trained_again(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    plant_model(warehouse, FIRST, ITEMS, "former")
    decided = {"number": 1, "decided": "first", "champion": "former", "path": "bundles/former"}
    put_rows(warehouse, "promotions", "p", {Slice(FIRST, NAME): [decided]})
    plant_model(warehouse, FIRST, ITEMS, "newer")
    plant_model(warehouse, CUTOFF, ITEMS, "replaced")
    plant_model(warehouse, CUTOFF, ITEMS, "newest")
    _age(tmp_path / "bundles")
    maintain.run(run_on(promoting(tmp_path), DAY))
    assert sorted(each.name for each in (tmp_path / "bundles").iterdir()) == ["former", "newer", "newest"]


def _age(folder: Path) -> None:
    then = (datetime.now(timezone.utc) - timedelta(days=30)).timestamp()
    for each in (*folder.iterdir(), *folder.rglob("*")):
        os.utime(each, (then, then))
