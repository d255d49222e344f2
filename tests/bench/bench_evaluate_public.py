"""Public data sets through `interest evaluate`: the model and every baseline with intervals and differences.

python -m tests.bench.bench_evaluate_public [--data online_retail] [--set train.epochs=4 …]

For ml-1m also what papers call popularity, by leave-one-out: each user's last item is the test, the one before it the
validation, all others are counted, and the whole catalogue is ranked but for what the user has seen. That splits each
user's own history, so others' later events are counted; it serves comparison with papers only.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from interest_spark.config.evaluate import BASELINES
from interest_spark.evaluation.judge import accuracy, find_places
from interest_spark.evaluation.judged_rows import told_apart
from interest_spark.evaluation.verdict import sentences
from interest_spark.metrics.lists.shown import Pairs
from interest_spark.storage.warehouse import Warehouse
from tests.bench.reports import figure, report, say
from tests.bench.training_world import DATA, ROOT, DataSet, read_data_set

# The configuration, the folder of its data, and a day that judges a month of many users.
SETS = {
    "online_retail": ("online_retail.yaml", "online_retail", "2011-11-30", 30),
    "ml-1m": ("movielens.yaml", "ml-1m", "2000-12-31", 30),
}
K = 10


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", choices=SETS, default="online_retail")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="A.B=VALUE")
    parser.add_argument("--leave-one-out-only", action="store_true", help="of ml-1m")
    options = parser.parse_args()
    papers = judge_popularity(read_data_set("ml-1m")) if options.data == "ml-1m" else {}
    rows = [] if options.leave_one_out_only else evaluate(options.data, options.overrides)
    for line in table_of(rows):
        say(line)
    for sentence in sentences(rows):
        say(sentence)
    accuracies = [row for row in rows if ":" not in row["slice"] and row["against"] is None and row["low"] is not None]
    report(
        "evaluate_public",
        options.data,
        [
            *(figure(f"popularity, leave-one-out, {name}", "", [value], 4) for name, value in papers.items()),
            *(figure(f"{row['slice']} {row['metric']}", "", [row["value"]], 4) for row in accuracies),
        ],
        rows=rows,
    )


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """A line a contender: its metrics of accuracy, and by how much the model exceeds it, all with 95 % intervals."""
    judged = told_apart("model", rows)
    if not judged.metrics:
        return []
    columns = [*judged.metrics, *(f"model less it, {metric}" for metric in judged.metrics)]
    lines = [f"{'':<18}" + "".join(f"{name:<28}" for name in columns)]
    for name in judged.contenders:
        figures, differences = judged.figures[name], judged.differences.get(name, {})
        cells = [_interval(found.get(metric)) for found in (figures, differences) for metric in judged.metrics]
        lines.append(f"{name:<18}" + "".join(f"{cell:<28}" for cell in cells))
    return lines


def _interval(row: Mapping[str, Any] | None) -> str:
    return "" if row is None else f"{row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"


def evaluate(data: str, overrides: list[str]) -> list[dict[str, Any]]:
    """The rows of `metrics` after `interest daily`, whose model of before the judged days is a backtest's."""
    config, folder, day, horizon = SETS[data]
    with tempfile.TemporaryDirectory() as work:
        settings = [
            f"warehouse={work}/warehouse",
            f"sources.root={DATA / folder}",
            f"evaluate.horizon_days={horizon}",
            f"evaluate.baselines=[{', '.join(BASELINES)}]",
            *overrides,
        ]
        command = [sys.executable, "-m", "jobs.cli", "daily", "--config", str(ROOT / "conf" / config), "--day", day]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        say(json.dumps(json.loads(done.stdout.splitlines()[-1]))[:500])
        rows: list[dict[str, Any]] = Warehouse(Path(work) / "warehouse").read_small("metrics", day=day).to_pylist()
    return rows


def judge_popularity(data: DataSet) -> dict[str, float]:
    """HR@10 and NDCG@10 of popularity, one relevant item a user."""
    counts = np.bincount(np.concatenate([history[:-2] for history in data.histories]), minlength=data.items + 1)
    order = np.argsort(-counts[1:], kind="stable") + 1
    lists = np.stack([order[~np.isin(order, history[:-1])][:K] for history in data.histories])
    users = np.arange(len(lists))
    hits = find_places(Pairs(users, np.array([history[-1] for history in data.histories], np.int64)), lists) >= 0
    values = accuracy(("hit_rate", "ndcg"), hits, np.ones(len(lists), np.int64))
    return {f"{name}@{K}": float(each.mean()) for name, each in values.items()}


if __name__ == "__main__":
    main()
