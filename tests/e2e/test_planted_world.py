"""The daily run on a synthetic shop finds what was planted in it: faults, copies, bots and interests."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.warehouse import Warehouse
from tests import planted_world

pytestmark = [pytest.mark.release, pytest.mark.timeout(1500)]
ROOT = Path(__file__).parents[2]
DAY = "2026-01-30"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("planted") / "shop"
    generate_shop(ShopPlan(users=700, items=300, days=30, seed=5), path)
    return path


@pytest.fixture(scope="module")
def daily(shop: Path) -> Warehouse:
    root = shop.parent / "warehouse"
    run_job("daily", root, shop, "train.epochs=6")
    return Warehouse(root)


def run_job(job: str, warehouse: Path, shop: Path, *overrides: str) -> None:
    command = [sys.executable, "-m", "jobs.cli", job, "--config", "conf/shop.yaml", "--day", DAY]
    for override in (f"warehouse={warehouse}", f"sources.root={shop}", *overrides):
        command += ["--set", override]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    assert json.loads(done.stdout.splitlines()[-1])["status"] == "done"


def test_every_fault_is_quarantined_under_its_own_reason(shop: Path, daily: Warehouse) -> None:
    kinds = planted_world.fault_table(shop, daily)
    assert len(kinds) >= 15
    assert {kind: verdicts for kind, verdicts in kinds.items() if set(verdicts) != {"as planted"}} == {}


def test_no_line_is_lost_and_every_copy_is_found(shop: Path, daily: Warehouse) -> None:
    assert planted_world.lost_lines(daily) == 0
    planted = Counter(str(shop / row["source_file"]) for row in planted_world.truth(shop, "duplicates"))
    ledger = daily.read_small("ingest_ledger").to_pylist()
    assert {row["source_file"]: row["duplicates"] for row in ledger if row["duplicates"]} == planted


def test_bots_are_set_apart(shop: Path, daily: Warehouse) -> None:
    figures = planted_world.bot_figures(shop, daily, DAY)
    assert figures["precision"] >= 0.95, figures
    assert figures["recall"] >= 0.95, figures


def test_everyone_else_gets_ten_suggestions_that_exist(shop: Path, daily: Warehouse) -> None:
    users = set(daily.read_small("sequences", day=DAY)["user_id"].to_pylist())
    served = daily.read_small("recommendations", day=DAY).to_pylist()
    assert Counter(row["user_id"] for row in served) == Counter(dict.fromkeys(users, 10))
    assert len({(row["user_id"], row["item_id"]) for row in served}) == len(served)
    assert {row["item_id"] for row in served} <= {
        row["item_id"] for row in planted_world.truth(shop, "item_categories")
    }
    bots = set(daily.read_small("bots", day=DAY)["user_id"].to_pylist())
    reasons = {row["user_id"] for row in daily.read_small("unserved", day=DAY).to_pylist() if row["reason"] == "bot"}
    assert reasons == bots
    assert not bots & users


def test_suggestions_follow_the_planted_interests_and_beat_popularity(shop: Path, daily: Warehouse) -> None:
    shares = planted_world.interest_shares(shop, daily, DAY)
    assert shares["model"] >= 0.6, shares
    assert shares["model"] > 1.5 * shares["popularity"], shares
    figures = planted_world.metrics(daily, DAY)
    assert figures["model ndcg@10"] > 1.5 * figures["popularity ndcg@10"], figures


def test_scoring_sends_next_to_nothing_to_the_driver(shop: Path, daily: Warehouse) -> None:
    """Spark ends a job whose tasks send the driver more than the limit; the answers are several times as large."""
    limit = 50_000
    assert daily.read_small("recommendations", day=DAY).nbytes > 5 * limit
    run_job("score", daily.root, shop, "score.k=11", f"spark.conf={{spark.driver.maxResultSize: '{limit}'}}")
