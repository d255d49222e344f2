"""Whether the collaborative models agree with implicit and with the closed form, on MovieLens-1M.

python -m tests.bench.bench_collaborative [--peer-python PYTHON] [--models als,cosine,conditional,ease]

Leave-one-out as in bench_accuracy: the jobs never see a user's last item, and the whole catalogue is ranked but for
what the user has seen. `make bench-implicit` sets up the peer's environment.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from interest_spark.metrics.hit_rate import hit_rate
from interest_spark.metrics.ndcg import ndcg
from interest_spark.models.published import Model
from interest_spark.models.served import load_model
from interest_spark.serving.topk import NO_ITEM, Catalogue
from tests.bench.bench_accuracy import DAY, K, World, deliver, rank_test_items, seen_items, user_ids
from tests.bench.reports import figure, report, say
from tests.bench.training_world import ROOT, DataSet, read_data_set

CONFIG = Path(__file__).with_name("collaborative_ml1m.yaml")
ALS = {"factors": 64, "iterations": 15, "alpha": 10.0, "regularization": 0.1}
NEIGHBOURS = 100
RIDGE = 500.0
ALL = 5000  # of last_items: more than any history holds
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "als": {"kind": "als", **ALS},
    "cosine": {"kind": "item_to_item", "similarity": "cosine", "neighbours": NEIGHBOURS, "last_items": ALL},
    "conditional": {"kind": "item_to_item", "similarity": "conditional", "neighbours": NEIGHBOURS, "last_items": ALL},
    "ease": {"kind": "ease", "ridge": RIDGE, "last_items": ALL},
}
SEEDS = {"als": 3}
"""Trainings of a model that draws numbers, here and there; the others draw none."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer-python", default=str(ROOT / ".venv-implicit/bin/python"))
    parser.add_argument("--models", default=",".join(SETTINGS))
    options = parser.parse_args()
    if not Path(options.peer_python).exists():
        sys.exit(f"the peer's Python {options.peer_python} is not there: run `make bench-implicit`")
    data = read_data_set("ml-1m")
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        deliver(data, folder / "shop")
        world = World(yaml.safe_load(CONFIG.read_text(encoding="utf-8")), folder, [])
        for job in ("ingest", "sequences"):
            say(f"{job}: {world.run(job)['seconds']} s")
        for model in options.models.split(","):
            found[model] = compare(world, data, model, folder, options.peer_python)
            say(f"{model}: {found[model]}")
    figures = [
        figure(f"{model} NDCG@{K}, {whose}", "", [run["ndcg"] for run in runs[whose]])
        for model, runs in found.items()
        for whose in ("ours", "theirs")
    ]
    report("collaborative", data.name, figures, runs=found, ratio=ratios(found))


def ratios(found: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Our mean NDCG over theirs."""
    means = {
        model: [np.mean([run["ndcg"] for run in runs[whose]]) for whose in ("ours", "theirs")]
        for model, runs in found.items()
    }
    return {model: round(float(ours / theirs), 4) for model, (ours, theirs) in means.items()}


def compare(world: World, data: DataSet, model: str, folder: Path, peer_python: str) -> dict[str, Any]:
    """The figures of the jobs' model and of the peer's, one of each a seed, and how many suggestions both make."""
    ours, theirs, shared = [], [], []
    for seed in range(SEEDS.get(model, 1)):
        ours.append(fit_here(world, data, model, seed))
        lists, seconds = fit_there(data, model, seed, folder, peer_python)
        theirs.append({**judged(lists, data), "seconds": round(seconds, 1)})
        shared.append(round(same_items(ours[-1].pop("lists"), lists), 4))
    return {"ours": ours, "theirs": theirs, "same_items": shared}


def fit_here(world: World, data: DataSet, model: str, seed: int) -> dict[str, Any]:
    """By the job `train`; `lists` are item numbers from 0 by user."""
    settings = {**SETTINGS[model], "name": model, **({"seed": seed} if model in SEEDS else {})}
    outcome = world.run("train", f"collaborative={json.dumps(settings)}")
    (row,) = world.warehouse.open("models").read_small(day=DAY, name=model).to_pylist()
    path = str(world.warehouse.root / row["path"])
    fitted: Any = load_model(Model(row["model_version"], path, row["manifest_sha256"]))
    sequences = world.warehouse.read_small("sequences", day=DAY)
    figures = rank_test_items(fitted, sequences, data)
    return {**figures, "job_seconds": outcome["seconds"], "lists": lists_of(fitted, sequences, data)}


def lists_of(model: Any, sequences: pa.Table, data: DataSet) -> np.ndarray:
    """int[users, K], item numbers from 0, NO_ITEM where there is none."""
    ordered = sequences.take(pc.index_in(user_ids(data), sequences["user_id"]))
    excluded = seen_items(model, ordered["seen"].to_pylist())
    found, _ = Catalogue(model.item_vectors, K).top_k(model.encode(ordered), excluded)
    number_of = np.array([int(name.removeprefix("item-")) - 1 for name in model.item_ids.to_pylist()] + [NO_ITEM])
    lists: np.ndarray = number_of[found]
    return lists


def fit_there(data: DataSet, model: str, seed: int, folder: Path, python: str) -> tuple[np.ndarray, float]:
    """The same lists by implicit, or by the closed form; and the seconds of fitting."""
    histories = [np.unique(history[:-1]) - 1 for history in data.histories]
    if model == "ease":
        return closed_form(histories, data.items), 0.0
    order = folder / "order.json"
    # MLlib multiplies the regularisation by a row's number of ratings, implicit does not: by their mean on users it is
    # of the same size there.
    mean = float(np.mean([len(history) for history in histories]))
    settings = {**ALS, "regularization": ALS["regularization"] * mean, "neighbours": NEIGHBOURS}
    asked = {"histories": [history.tolist() for history in histories], "items": data.items, "k": K}
    order.write_text(json.dumps({**asked, **settings, "model": model, "seed": seed}), encoding="utf-8")
    command = [python, str(Path(__file__).with_name("peer_implicit.py")), str(order)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    return np.array(answer["lists"]), answer["seconds"]


def closed_form(histories: Sequence[np.ndarray], items: int) -> np.ndarray:
    """EASE as its paper writes it, in dense NumPy."""
    used = np.zeros((len(histories), items))
    for row, history in enumerate(histories):
        used[row, history] = 1
    inverse = np.linalg.inv(used.T @ used + RIDGE * np.eye(items))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    scores = used @ weights
    scores[used > 0] = -np.inf
    best: np.ndarray = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    return best


def judged(lists: np.ndarray, data: DataSet) -> dict[str, float]:
    hits = lists == np.array([history[-1] - 1 for history in data.histories])[:, None]
    relevant = np.ones(len(hits), np.int64)
    return {"ndcg": float(ndcg(hits, relevant).mean()), "hr": float(hit_rate(hits, relevant).mean())}


def same_items(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The mean share of a list that the other one holds, too."""
    return float(np.mean([np.isin(mine, others).mean() for mine, others in zip(ours, theirs, strict=True)]))


if __name__ == "__main__":
    main()
