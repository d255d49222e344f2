"""Ten days of daily training on a growing shop, each going on from yesterday's model, beside one from scratch.

python -m tests.bench.bench_warm_start [--users 3000] [--items 1000] [--days 10] [--seeds 3] [--rows FILE]

New items appear every day, so the vocabulary grows. On the last day a model is also trained from scratch, on the same
histories; both are judged by what the users did in the week after.
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

import numpy as np
import yaml

from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.warehouse import Warehouse
from tests.bench.reports import figure, report, say
from tests.bench.rows import Rows
from tests.bench.training_world import ROOT

HISTORY_DAYS, JUDGED_DAYS = 21, 7
FIRST_DAY = date(2026, 1, 1)
SHOP_SEED = 5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=3000)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=Path, help="a file of finished runs, from which an interrupted one goes on")
    options = parser.parse_args()
    rows = Rows(options.rows, {"users": options.users, "items": options.items, "days": options.days})
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        days = HISTORY_DAYS + options.days + JUDGED_DAYS
        plan = ShopPlan(options.users, options.items, days, seed=SHOP_SEED, first_day=FIRST_DAY)
        generate_shop(plan, root / "shop")
        trained = [FIRST_DAY + timedelta(days=HISTORY_DAYS + number) for number in range(options.days)]
        build_sequences(root, trained)

        def run(mode: str, seed: int, days: list[date]) -> dict[str, Any]:
            return rows.get(f"{mode} {seed}", lambda: train_and_judge(root, mode, seed, days))

        daily = [run("incremental", seed, trained) for seed in range(options.seeds)]
        scratch = [run("full", seed, trained[-1:]) for seed in range(options.seeds)]
    seconds = {
        "going on from yesterday": [day for run in daily for day in run["seconds"][1:]],  # the first day is a full one
        "from scratch": [run["seconds"][-1] for run in scratch],
    }
    ndcg = {"going on from yesterday": ndcg_of(daily), "from scratch": ndcg_of(scratch)}
    report(
        "warm_start",
        "synthetic shop",
        [
            *(figure(f"NDCG@10, {name}", "", values) for name, values in ndcg.items()),
            *(figure(f"training of a day, {name}", "s", values, 1) for name, values in seconds.items()),
        ],
        ndcg_to_scratch=float(np.divide(*map(np.mean, ndcg.values()))) - 1,
        time_to_scratch=float(np.divide(*map(np.mean, seconds.values()))),
        items_first_and_last_day=daily[0]["items"],
    )


def build_sequences(root: Path, days: list[date]) -> None:
    """The sequences of every day, once for all runs; judging needs those of its own day, too."""
    config, judged = configure(root, "shared", "full"), days[-1] + timedelta(days=JUDGED_DAYS)
    run_job(config, "ingest", judged)
    for day in (*days, judged):
        run_job(config, "sequences", day)
        say(f"{day} has its sequences")


def train_and_judge(root: Path, mode: str, seed: int, days: list[date]) -> dict[str, Any]:
    """Train day after day in a copy of the warehouse; the last day is also scored and judged."""
    folder = f"{mode}-{seed}"
    shutil.copytree(root / "shared", root / folder)
    config, warehouse = configure(root, folder, mode, seed), Warehouse(root / folder)
    for day in days:
        run_job(config, "train", day)
    run_job(config, "score", days[-1])
    run_job(config, "evaluate", days[-1] + timedelta(days=JUDGED_DAYS))
    models = sorted(warehouse.read_small("models").to_pylist(), key=lambda row: row["trained_through"])
    (ndcg,) = (
        row["value"]
        for row in warehouse.read_small("metrics").to_pylist()
        if row["metric"] == "ndcg@10"
        and row["slice"] == "model"
        and row["against"] is None
        and row["model_version"] == models[-1]["model_version"]
    )
    seconds = [model["train_seconds"] for model in models]
    say(f"{folder}: NDCG@10 {ndcg:.4f}, seconds a day {[round(each, 1) for each in seconds]}")
    return {
        "ndcg": ndcg,
        "seconds": seconds,
        "items": [models[0]["item_count"], models[-1]["item_count"]],
    }


def ndcg_of(runs: list[dict[str, Any]]) -> list[float]:
    return [run["ndcg"] for run in runs]


def configure(root: Path, folder: str, mode: str, seed: int = 0) -> Path:
    config = yaml.safe_load((ROOT / "conf" / "shop.yaml").read_text(encoding="utf-8"))
    config["warehouse"], config["sources"]["root"] = str(root / folder), str(root / "shop")
    config["train"] = {"ranks": 2, "launcher": "horovodrun", "epochs": 10, "mode": mode, "seed": seed}
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
