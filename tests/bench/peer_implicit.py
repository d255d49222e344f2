"""implicit's models on given histories; runs in the environment of conf/requirements-bench-implicit.lock.

python tests/bench/peer_implicit.py order.json

The order: `histories` (item numbers from 0, each once), `items`, `k`, `model` (als, cosine or conditional), `seed` and
its settings. Standard output's last line is JSON: `lists`, k items a history without those that it holds, best first,
and `seconds` of fitting. Conditional probability is no model of implicit's: its cosine is given rows and columns
that are scaled to make it one.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from implicit._nearest_neighbours import NearestNeighboursScorer
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender, ItemItemRecommender
from scipy.sparse import csr_matrix, diags

ORDER = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))


def main() -> None:
    histories = ORDER["histories"]
    lengths = [len(history) for history in histories]
    rows, columns = np.repeat(np.arange(len(histories)), lengths), np.concatenate(histories)
    used = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(histories), ORDER["items"]))
    model = {"als": fit_als, "cosine": fit_cosine, "conditional": fit_conditional}[ORDER["model"]]
    started = time.perf_counter()
    fitted, seen = model(used)
    seconds = time.perf_counter() - started
    lists, _ = fitted.recommend(np.arange(len(histories)), seen, N=ORDER["k"], filter_already_liked_items=True)
    print(json.dumps({"lists": lists.tolist(), "seconds": seconds}))


def fit_als(used: csr_matrix) -> tuple[Any, csr_matrix]:
    """Implicit takes confidences, 1 + alpha r, and adds its regularisation without MLlib's number of partners."""
    model = AlternatingLeastSquares(
        factors=ORDER["factors"],
        iterations=ORDER["iterations"],
        regularization=ORDER["regularization"],
        alpha=1.0,
        random_state=ORDER["seed"],
        num_threads=2,
    )
    confidences = used * (1.0 + ORDER["alpha"])
    model.fit(confidences, show_progress=False)
    return model, confidences


def fit_cosine(used: csr_matrix) -> tuple[Any, csr_matrix]:
    model = CosineRecommender(K=ORDER["neighbours"] + 1, num_threads=2)  # it counts the item itself
    model.fit(used, show_progress=False)
    return model, used


def fit_conditional(used: csr_matrix) -> tuple[Any, csr_matrix]:
    """The plain counts of implicit, of all items, divided by the item's own and cut to its neighbours."""
    model = ItemItemRecommender(K=used.shape[1], num_threads=2)
    model.fit(used.astype(np.float64), show_progress=False)
    together = csr_matrix(model.similarity)
    shares = (diags(1.0 / np.maximum(together.diagonal(), 1)) @ together).tocsr()
    kept = [_largest(shares.getrow(item), ORDER["neighbours"] + 1) for item in range(used.shape[1])]
    rows = np.repeat(np.arange(len(kept)), [len(columns) for columns, _ in kept])
    columns, values = (np.concatenate(part) for part in zip(*kept, strict=True))
    model.similarity = csr_matrix((values, (rows, columns)), shape=shares.shape)
    model.scorer = NearestNeighboursScorer(model.similarity)
    return model, used


def _largest(row: csr_matrix, count: int) -> tuple[np.ndarray, np.ndarray]:
    best = np.argsort(-row.data, kind="stable")[:count]
    return row.indices[best], row.data[best]


if __name__ == "__main__":
    main()
