"""Users scored a second on one core: the blocked top-K against argpartition over whole rows, in one run.

python tests/bench/bench_topk.py [users]
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from interest_spark.serving.topk import Catalogue, Excluded

ITEMS, DIM, K, SEEN = 27_000, 64, 10, 50
ROUNDS = 3


def users_per_second(users: int, work: Callable[[], object]) -> int:
    """The best of some rounds: the machine may be busy with other things."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return round(users / min(seconds))


def rows(queries: np.ndarray, items: np.ndarray, then: Callable[[np.ndarray], object]) -> None:
    for start in range(0, len(queries), 128):
        then(queries[start : start + 128] @ items.T)


def main() -> None:
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 4096
    rng = np.random.default_rng(0)
    items = rng.normal(size=(ITEMS, DIM)).astype(np.float32)
    queries = rng.normal(size=(users, DIM)).astype(np.float32)
    excluded = Excluded(np.repeat(np.arange(users), SEEN), rng.integers(0, ITEMS, users * SEEN))
    catalogue = Catalogue(items, K)
    with threadpool_limits(limits=1):
        report = {
            "bench": "topk",
            "users": users,
            "items": ITEMS,
            "dim": DIM,
            "k": K,
            "threads": 1,
            "multiply_only": users_per_second(users, lambda: rows(queries, items, lambda scores: None)),
            "argpartition": users_per_second(
                users, lambda: rows(queries, items, lambda scores: np.argpartition(scores, -K, axis=1))
            ),
            "blocked": users_per_second(users, lambda: catalogue.top_k(queries)),
            f"blocked_{SEEN}_seen": users_per_second(users, lambda: catalogue.top_k(queries, excluded)),
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
