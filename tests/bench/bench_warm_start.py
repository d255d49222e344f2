"""Ten days of daily training on a growing shop: from yesterday's model, and from scratch each day.

python -m tests.bench.bench_warm_start [--users 3000] [--items 1000] [--days 10] [--seed 5]

Every day is trained twice on the same histories, in incremental mode and in full, and judged by what the users did in
the week after. New items appear every day, so the vocabulary grows. The last day's figures are compared.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.tables import Warehouse
from tests.bench.reports import figure, report, say
from tests.bench.training_world import ROOT

HISTORY_DAYS, JUDGED_DAYS = 21, 7
FIRST_DAY = date(2026, 1, 1)
MODES = ("incremental", "full")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=3000)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    days = HISTORY_DAYS + options.days + JUDGED_DAYS
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plan = ShopPlan(options.users, options.items, days, seed=options.seed, first_day=FIRST_DAY)
        generate_shop(plan, root / "shop")
        build_sequences(root, options.days)
        found = {mode: run_days(root, mode, options.days) for mode in MODES}
    seconds = {mode: found[mode]["seconds"][1:] for mode in MODES}  # the first incremental day is a full one
    report(
        "warm_start",
        "synthetic shop",
        [
            *(figure(f"NDCG@10, {mode}", "", [found[mode]["ndcg"]]) for mode in MODES),
            *(figure(f"training of a day, {mode}", "s", seconds[mode], 1) for mode in MODES),
        ],
        ndcg_to_full=found["incremental"]["ndcg"] / found["full"]["ndcg"] - 1,
        time_to_full=sum(seconds["incremental"]) / sum(seconds["full"]),
        items_first_and_last_day={mode: found[mode]["items"] for mode in MODES},
    )


def build_sequences(root: Path, days: int) -> None:
    """The sequences of every day, once for all modes."""
    config = configure(root, "shared", "full")
    run_job(config, "ingest", last_day(days) + timedelta(days=JUDGED_DAYS))
    for day in trained_days(days):
        run_job(config, "sequences", day)
        say(f"{day} has its sequences")


def run_days(root: Path, mode: str, days: int) -> dict[str, Any]:
    """Train day after day in a copy of the warehouse; the last day is also scored and judged."""
    shutil.copytree(root / "shared", root / mode)
    config, warehouse, last = configure(root, mode, mode), Warehouse(root / mode), last_day(days)
    for day in trained_days(days):
        outcome = run_job(config, "train", day)
        say(f"{mode}: {day} trained in {outcome['seconds']} s")
    run_job(config, "score", last)
    run_job(config, "evaluate", last + timedelta(days=JUDGED_DAYS))
    models = sorted(warehouse.read_small("models").to_pylist(), key=lambda row: row["trained_through"])
    (ndcg,) = (
        row["value"]
        for row in warehouse.read_small("metrics").to_pylist()
        if row["metric"] == "ndcg@10"
        and row["slice"] == "model"
        and row["model_version"] == models[-1]["model_version"]
    )
    return {
        "ndcg": ndcg,
        "seconds": [model["train_seconds"] for model in models],
        "items": [models[0]["item_count"], models[-1]["item_count"]],
    }


def trained_days(days: int) -> list[date]:
    return [FIRST_DAY + timedelta(days=HISTORY_DAYS + number) for number in range(days)]


def last_day(days: int) -> date:
    return trained_days(days)[-1]


def configure(root: Path, folder: str, mode: str) -> Path:
    config = yaml.safe_load((ROOT / "conf" / "shop.yaml").read_text(encoding="utf-8"))
    config["warehouse"], config["sources"]["root"] = str(root / folder), str(root / "shop")
    config["train"] = {"ranks": 2, "launcher": "horovodrun", "epochs": 10, "mode": mode}
    path = root / f"{folder}.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def run_job(config: Path, job: str, day: date) -> dict[str, Any]:
    command = [sys.executable, "-m", "jobs.cli", job, "--config", str(config), "--day", day.isoformat()]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


if __name__ == "__main__":
    main()
