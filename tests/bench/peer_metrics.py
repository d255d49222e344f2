"""RecTools' metrics of given lists; runs in the environment of conf/requirements-bench-peer.lock.

python tests/bench/peer_metrics.py order.json

The order: `lists`, `relevant` and `used` (item numbers of each user, `used` what they used before), `category` of each
item, `k`. Standard output's last line is JSON: each metric's values by user, or its one value, and `version`.
"""

import json
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pandas as pd
from rectools import Columns
from rectools.metrics import (
    MAP,
    MRR,
    NDCG,
    AvgRecPopularity,
    CatalogCoverage,
    HitRate,
    IntraListDiversity,
    MeanInvUserFreq,
    PairwiseHammingDistanceCalculator,
    Precision,
    Recall,
)

ORDER = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))


def main() -> None:
    k, users = ORDER["k"], range(len(ORDER["lists"]))
    lists, relevant, used = (frame_of(ORDER[name]) for name in ("lists", "relevant", "used"))
    lists[Columns.Rank] = lists.groupby(Columns.User).cumcount() + 1
    accuracy = {
        "hit_rate": HitRate(k=k),
        "precision": Precision(k=k),
        "recall": Recall(k=k),
        "map": MAP(k=k),
        "mrr": MRR(k=k),
        "ndcg": NDCG(k=k, divide_by_achievable=True),
    }
    distances = PairwiseHammingDistanceCalculator(pd.DataFrame({"category": ORDER["category"]}))
    values = {name: metric.calc_per_user(lists, relevant) for name, metric in accuracy.items()}
    values["diversity"] = IntraListDiversity(k=k, distance_calculator=distances).calc_per_user(lists)
    values["novelty"] = MeanInvUserFreq(k=k).calc_per_user(lists, used)
    values["average_popularity"] = AvgRecPopularity(k=k).calc_per_user(lists, used)
    found: dict[str, list[float]] = {name: each.reindex(users).tolist() for name, each in values.items()}
    coverage = CatalogCoverage(k=k, normalize=True).calc(lists, range(len(ORDER["category"])))
    print(json.dumps({**found, "coverage": [coverage], "version": metadata.version("rectools")}))


def frame_of(items: Sequence[Sequence[int]]) -> pd.DataFrame:
    pairs = [(user, item) for user, mine in enumerate(items) for item in mine]
    return pd.DataFrame(pairs, columns=[Columns.User, Columns.Item])


if __name__ == "__main__":
    main()
