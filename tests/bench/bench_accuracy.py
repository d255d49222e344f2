"""How accurate the pipeline's own jobs are on a public data set, by the protocol that papers use.

python -m tests.bench.bench_accuracy [--data ml-1m] [--model sasrec] [--seeds 3] [--rows FILE] [--set train.epochs=5 …]

Leave-one-out: every user's last item is the test and is never delivered to the jobs. The whole catalogue is ranked
but for the items that the user has seen, and the test item's time is not known to the model. This splits each
user's own history, so a model may learn from others' later events; it serves comparison with papers only.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from interest_spark.metrics.hit_rate import hit_rate
from interest_spark.metrics.ndcg import ndcg
from interest_spark.models.inference import Encoder, load_encoder
from interest_spark.serving.topk import NO_ITEM, Catalogue, Excluded
from interest_spark.steps.training import CONTENT_ALS
from interest_spark.storage.warehouse import Warehouse
from tests.bench.reports import figure, report, say
from tests.bench.rows import Rows
from tests.bench.training_world import ROOT, DataSet, read_curve, read_data_set

DAY = "2024-01-01"
CONFIGS = {"ml-1m": "accuracy_ml1m.yaml", "ml-100k": "accuracy_ml1m.yaml", "beauty": "accuracy_beauty.yaml"}
MODELS = "models_by_data_set.yaml"
K = 10
FILES = 4  # of the delivery: Spark reads a file in one task
THREADS = 2  # of ranking


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", choices=CONFIGS, default="ml-1m")
    parser.add_argument("--model", default="sasrec", help=f"one of {MODELS}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="A.B=VALUE")
    parser.add_argument("--rows", type=Path, help="a file of finished seeds, from which an interrupted run goes on")
    options = parser.parse_args()
    data = read_data_set(options.data)
    config = config_of(options.data, options.model)
    rows = Rows(options.rows, {"data": options.data, "config": config, "set": options.overrides})
    with tempfile.TemporaryDirectory() as folder:
        deliver(data, Path(folder) / "shop")
        world = World(config, Path(folder), options.overrides)
        stages = {job: world.run(job)["seconds"] for job in ("ingest", "sequences")}
        say(f"{data.name}: {stages}")
        seeds = [
            rows.get(f"seed {seed}", lambda seed=seed: judge_seed(world, data, seed)) for seed in range(options.seeds)
        ]
    report(
        "accuracy",
        f"{data.name}, {options.model}",
        [
            figure(f"NDCG@{K}", "", [each["ndcg"] for each in seeds]),
            figure(f"HR@{K}", "", [each["hr"] for each in seeds]),
            figure("job train", "s", [each["job_seconds"] for each in seeds], 1),
        ],
        standard_deviation={name: round(float(np.std([each[name] for each in seeds])), 5) for name in ("ndcg", "hr")},
        stage_seconds=stages,
        seeds=seeds,
    )


def config_of(data: str, model: str) -> dict[str, Any]:
    """The configuration of a model on a data set. Ends the process where there is no such model."""
    config, models = (_read_yaml(name) for name in (CONFIGS[data], MODELS))
    if model not in models[data]:
        sys.exit(f"there is no model {model} for {data}; {MODELS} has {', '.join(models[data])}")
    return {**config, "train": {**config["train"], **models[data][model]}}


def _read_yaml(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return read


class World:
    """A warehouse of its own, and the jobs run as processes on it."""

    def __init__(self, config: Mapping[str, Any], folder: Path, overrides: Sequence[str]) -> None:
        self.warehouse = Warehouse(folder / "warehouse")
        self._config = folder / "config.yaml"
        self._config.write_text(yaml.safe_dump(dict(config)), encoding="utf-8")
        self._overrides = [f"warehouse={self.warehouse.root}", f"sources.root={folder / 'shop'}", *overrides]

    def run(self, job: str, *overrides: str) -> dict[str, Any]:
        """The job's report."""
        command = [sys.executable, "-m", "jobs.cli", job, "--config", str(self._config), "--day", DAY]
        for override in (*self._overrides, *overrides):
            command += ["--set", override]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return outcome


def deliver(data: DataSet, folder: Path) -> None:
    """Write all but the test items as a day's log in the native format, a second between a user's events.

    An item that is a test item only is delivered as the one event of a user made up for it: it has to be in the
    catalogue that is ranked, and a single event teaches nothing.
    """
    delivered = [(f"user-{number}", history[:-1]) for number, history in enumerate(data.histories)]
    missing = set(range(1, data.items + 1)) - {int(item) for _, history in delivered for item in history}
    delivered += [(f"owner-of-{item}", np.array([item])) for item in sorted(missing)]
    day = folder / DAY
    day.mkdir(parents=True)
    first = datetime.fromisoformat(DAY).replace(tzinfo=timezone.utc)
    for number in range(FILES):
        with (day / f"part-{number}.jsonl").open("w", encoding="utf-8") as file:
            for user, history in delivered[number::FILES]:
                for second, item in enumerate(history):
                    event = {"user_id": user, "item_id": f"item-{item}", "behavior": "rate"}
                    time_of_event = (first + timedelta(seconds=second)).isoformat()
                    file.write(json.dumps({**event, "event_time": time_of_event}) + "\n")


def judge_seed(world: World, data: DataSet, seed: int) -> dict[str, Any]:
    """Train with the seed and look at the test items once."""
    outcome = world.run("train", f"train.seed={seed}")
    models = world.warehouse.read_small("models", day=DAY).to_pylist()
    (model,) = (each for each in models if CONTENT_ALS not in each["model_version"])
    curve = read_curve(world.warehouse.root / model["path"])
    encoder = load_encoder(world.warehouse.root / model["path"], model["manifest_sha256"], threads=THREADS)
    started = time.monotonic()
    figures = rank_test_items(encoder, world.warehouse.read_small("sequences", day=DAY), data)
    found = {
        "seed": seed,
        **figures,
        "rank_seconds": round(time.monotonic() - started, 1),
        "job_seconds": outcome["seconds"],
        "training": outcome.get("training", {}),
        "epochs": max(line.get("epoch", 0) for line in curve),
        "validation": best_validation(curve),
    }
    say(f"{data.name}: {found}")
    return found


def rank_test_items(encoder: Encoder, sequences: pa.Table, data: DataSet) -> dict[str, float]:
    """NDCG@K and HR@K, one relevant item a user, over all users of the data set.

    A user without a sequence, or whose test item the model does not know, counts as a miss.
    """
    hits = hits_of_users(encoder, sequences, data)
    relevant = np.ones(len(hits), np.int64)
    known = pa.array([f"item-{history[-1]}" for history in data.histories])
    return {
        "ndcg": float(ndcg(hits, relevant).mean()),
        "hr": float(hit_rate(hits, relevant).mean()),
        "users": len(hits),
        "users_without_sequence": len(hits) - int(pc.is_in(user_ids(data), sequences["user_id"]).sum().as_py()),
        "ranked_items": len(encoder.item_ids),
        "unknown_test_items": len(hits) - int(pc.is_in(known, encoder.item_ids).sum().as_py()),
    }


def hits_of_users(encoder: Encoder, sequences: pa.Table, data: DataSet) -> np.ndarray:
    """bool[users, K]: which place of each user's list, of those of the data set in their order, has the test item."""
    places = pc.index_in(user_ids(data), sequences["user_id"])
    with_history = np.flatnonzero(places.is_valid().to_numpy(zero_copy_only=False))
    rows = sequences.take(places.drop_null())
    excluded = seen_items(encoder, rows["seen"].to_pylist())
    found, _ = Catalogue(encoder.item_vectors, K).top_k(encoder.encode(rows), excluded)
    place_of = {item: place for place, item in enumerate(encoder.item_ids.to_pylist())}
    answers = np.array([place_of.get(f"item-{history[-1]}", NO_ITEM - 1) for history in data.histories])
    hits = np.zeros((len(answers), K), bool)
    hits[with_history] = found == answers[with_history, None]
    return hits


def user_ids(data: DataSet) -> pa.Array:
    """How the users of the data set are called where it is delivered."""
    return pa.array([f"user-{number}" for number in range(len(data.histories))])


def seen_items(encoder: Encoder, seen: Sequence[Sequence[int]]) -> Excluded:
    """What each user has seen, as places among the candidates."""
    users = np.repeat(np.arange(len(seen)), [len(items) for items in seen])
    items = np.concatenate([np.array(items, np.int32) for items in seen])
    known = np.isin(items, encoder.item_index)
    return Excluded(users[known], np.searchsorted(encoder.item_index, items[known]))


def best_validation(curve: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The curve's line with the best NDCG; {} where the run did not validate."""
    lines = [(value, line) for line in curve for name, value in line.items() if "ndcg" in name and value is not None]
    return dict(max(lines, key=lambda pair: pair[0])[1]) if lines else {}


if __name__ == "__main__":
    main()
