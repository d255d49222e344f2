"""What a network gains by the factors of a matrix factorisation: against itself without them, and against these alone.

python -m tests.bench.bench_hybrid [--data ml-1m|ml-100k] [--model sasrec] [--seeds 3] [--rows FILE] [--set KEY=VALUE …]

Leave-one-out as in bench_accuracy, each of the three trained once a seed. A user's value is the mean over the seeds;
the interval of the mean difference to the better of both others is paired over users. Cold items are test items with
fewer than 5 events among what is delivered.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from interest_spark.evaluation.statistics.paired import paired_interval
from interest_spark.metrics.ndcg import ndcg
from interest_spark.models.published import Model
from interest_spark.models.served import load_model
from tests.bench.bench_accuracy import CONFIGS, DAY, K, World, config_of, deliver, hits_of_users
from tests.bench.reports import figure, report, say
from tests.bench.rows import Rows
from tests.bench.training_world import DataSet, read_data_set

FACTORS = 64
CONTENT = {"train.network.content": {"als": FACTORS}, "train.network.user_content": True}
NETWORK, ALS, HYBRID = "network", "als", "hybrid"
COLD = 5  # an item with fewer events is
PARTS: Mapping[str, Mapping[str, Any]] = {
    NETWORK: {},
    ALS: {"collaborative": {"kind": "als", "factors": FACTORS}},
    HYBRID: CONTENT,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=CONFIGS, default="ml-1m")
    parser.add_argument("--model", default="sasrec")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=Path, help="a file of finished trainings, from which an interrupted run goes on")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="A.B=VALUE")
    options = parser.parse_args()
    data, config = read_data_set(options.data), config_of(options.data, options.model)
    rows = Rows(options.rows, {"data": options.data, "config": config, "set": options.overrides})
    with tempfile.TemporaryDirectory() as folder:
        deliver(data, Path(folder) / "shop")
        world = World(config, Path(folder), options.overrides)
        for job in ("ingest", "sequences"):
            say(f"{job}: {world.run(job)['seconds']} s")
        values = {part: trained_values(world, data, part, options.seeds, rows) for part in PARTS}
    better = max((NETWORK, ALS), key=lambda part: float(values[part].mean()))
    gain = paired_interval(values[HYBRID].mean(axis=0), values[better].mean(axis=0))
    cold = are_cold(data)
    report(
        "hybrid",
        f"{data.name}, {options.model}",
        [figure(f"NDCG@{K}, {part}", "", [float(seed.mean()) for seed in each]) for part, each in values.items()],
        better_parent=better,
        difference=[gain.difference, gain.low, gain.high],
        cold={
            "users": int(cold.sum()),
            **{part: round(float(each[:, cold].mean()), 5) for part, each in values.items() if cold.any()},
        },
    )


def trained_values(world: World, data: DataSet, part: str, seeds: int, rows: Rows) -> np.ndarray:
    """float[seeds, users]: NDCG@K of each user."""
    found = []
    for seed in range(seeds):
        row = rows.get(f"{part} {seed}", lambda seed=seed: train_and_rank(world, data, part, seed))  # type: ignore[misc]
        ranks = np.array(row["ranks"])
        hits = ranks[:, None] == np.arange(1, K + 1)
        found.append(ndcg(hits, np.ones(len(hits), np.int64)))
        say(f"{data.name}, {part}, seed {seed}: NDCG@{K} {found[-1].mean():.4f}, {row['seconds']} s")
    return np.array(found)


def train_and_rank(world: World, data: DataSet, part: str, seed: int) -> dict[str, Any]:
    """`ranks`: the place, from 1, of each user's test item in the list; 0 where it is not there."""
    settings = {key: dict(value) if isinstance(value, Mapping) else value for key, value in PARTS[part].items()}
    name = f"{part}-{seed}"
    if part == ALS:
        settings["collaborative"] |= {"name": name, "seed": seed}
    else:
        settings |= {"train.name": name, "train.seed": seed}
    outcome = world.run("train", *(f"{key}={json.dumps(value)}" for key, value in settings.items()))
    (row,) = world.warehouse.open("models").read_small(day=DAY, name=name).to_pylist()
    path = str(world.warehouse.root / row["path"])
    model: Any = load_model(Model(row["model_version"], path, row["manifest_sha256"]), threads=2)
    hits = hits_of_users(model, world.warehouse.read_small("sequences", day=DAY), data)
    ranks = np.where(hits.any(axis=1), 1 + hits.argmax(axis=1), 0)
    return {"ranks": ranks.tolist(), "seconds": outcome["seconds"], "training": outcome.get("training", {})}


def are_cold(data: DataSet) -> np.ndarray:
    """bool[users]: whether the test item has fewer than COLD events among what is delivered."""
    delivered: Sequence[np.ndarray] = [history[:-1] for history in data.histories]
    counts = np.bincount(np.concatenate(delivered), minlength=data.items + 1)
    cold: np.ndarray = counts[[history[-1] for history in data.histories]] < COLD
    return cold


if __name__ == "__main__":
    main()
