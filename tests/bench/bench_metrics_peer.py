"""Whether metrics agree with RecTools on every one that both have, user by user, on random lists.

python -m tests.bench.bench_metrics_peer [--users 3000] [--peer-python .venv-peer/bin/python]

`make bench-peer` sets up the peer's environment. What both have, and where definitions differ by design:

* hit_rate, precision, recall, mrr: the same.
* ndcg: RecTools' with divide_by_achievable. Its default divides by the gain of k hits also where fewer are relevant.
* map: the same where at most k items are relevant, as here. RecTools divides by all relevant ones also beyond k.
* diversity: RecTools' IntraListDiversity, Hamming distance of the category. It gives lists of one item 0, here they
  are left out; so are items without a category, which make a whole list's value NaN there.
* novelty: RecTools' MeanInvUserFreq, where events are counted as users. average_popularity: AvgRecPopularity.
* coverage: CatalogCoverage, normalized.

RecTools has no gini, calibration or repeat_share, and its Serendipity is another formula (see the docstring).
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from interest_spark.evaluation.judge import accuracy, find_places
from interest_spark.metrics.hits import NO_ITEM
from interest_spark.metrics.lists.coverage import coverage
from interest_spark.metrics.lists.list_metric import list_metric_named
from interest_spark.metrics.lists.shown import Catalogue, Pairs, ShownLists
from interest_spark.metrics.metric import METRICS
from tests.bench.reports import figure, report
from tests.bench.training_world import ROOT

ITEMS, K, CATEGORIES = 400, 10, 9
OF_LISTS = ("diversity", "novelty", "average_popularity")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=3_000)
    parser.add_argument("--peer-python", type=Path, default=ROOT / ".venv-peer" / "bin" / "python")
    options = parser.parse_args()
    order = random_order(np.random.default_rng(1), options.users)
    ours, theirs = judge(order), ask_peer(order, options.peer_python)
    version = theirs.pop("version")
    apart = {name: float(np.abs(ours[name] - np.array(values, float)).max()) for name, values in theirs.items()}
    report(
        "metrics_peer",
        f"{options.users} random users",
        [figure(f"{name}: largest difference", "", [value], 12) for name, value in apart.items()],
        rectools=version,
        means={name: float(np.mean(values)) for name, values in ours.items()},
        equal=all(value <= 1e-9 for value in apart.values()),
    )


def random_order(random: np.random.Generator, users: int) -> dict[str, Any]:
    """Popular items are listed, wanted and used more often; lists have 2 … 10 items, and 1 … 10 are relevant."""
    weight = 1 / np.arange(1, ITEMS + 1) ** 0.8
    weight /= weight.sum()

    def draw(least: int) -> list[list[int]]:
        return [random.choice(ITEMS, random.integers(least, K + 1), False, weight).tolist() for _ in range(users)]

    used = draw(1)
    used[0] = list(range(ITEMS))  # so that every item has been used
    category = random.integers(0, CATEGORIES, ITEMS).tolist()
    return {"lists": draw(2), "relevant": draw(1), "used": used, "category": category, "k": K}


def judge(order: dict[str, Any]) -> dict[str, np.ndarray]:
    """Each metric's values, by user, and the one of coverage."""
    lists = np.full((len(order["lists"]), K), NO_ITEM, np.int64)
    for user, items in enumerate(order["lists"]):
        lists[user, : len(items)] = items
    relevant, used = pairs_of(order["relevant"]), pairs_of(order["used"])
    hits = find_places(relevant, lists) >= 0
    counts = np.bincount(used.item, minlength=ITEMS).astype(np.float64)
    catalogue = Catalogue(counts, np.array(order["category"]), float(len(lists)))
    shown = ShownLists(lists, hits, lists[:, :0], used, used, catalogue)
    exposure = np.bincount(lists[lists != NO_ITEM], minlength=ITEMS).astype(np.float64)
    return {
        **accuracy(METRICS, hits, np.bincount(relevant.row, minlength=len(lists))),
        **{name: list_metric_named(name)(shown) for name in OF_LISTS},
        "coverage": np.array([coverage(exposure)]),
    }


def pairs_of(items: list[list[int]]) -> Pairs:
    return Pairs(np.repeat(np.arange(len(items)), [len(mine) for mine in items]), np.concatenate(items))


def ask_peer(order: dict[str, Any], python: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "order.json"
        path.write_text(json.dumps(order), encoding="utf-8")
        command = [str(python), str(Path(__file__).with_name("peer_metrics.py")), str(path)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    main()
