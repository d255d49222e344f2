"""What the training benchmarks work out from what they measured."""

import math
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from interest_spark.config.training.networks import SasRecConfig
from tests.bench.bench_accuracy import K, best_validation, rank_test_items
from tests.bench.bench_scaling import flops_per_target
from tests.bench.training_world import WARM_UP, DataSet, Run

ITEMS = 30


def test_test_items_are_ranked_as_by_sorting_all_unseen_items() -> None:
    random = np.random.default_rng(3)
    histories = [random.permutation(ITEMS)[:8].astype(np.int32) + 1 for _ in range(40)]
    index = np.sort(random.permutation(ITEMS - 2)).astype(np.int32) + 2  # of items 1 … 28; two are unknown to the model
    vectors = random.normal(size=(len(index), 4)).astype(np.float32)
    queries = random.normal(size=(len(histories), 4)).astype(np.float32)
    seen = [[int(item) + 1 for item in history[:-1] if item + 1 in index] for history in histories]
    rows = {"user_id": [f"user-{user}" for user in range(39)], "item_index": seen[:39], "seen": seen[:39]}
    ids = pa.array([f"item-{item - 1}" for item in index])

    def encode(asked: Sequence[np.ndarray]) -> np.ndarray:
        return queries[: len(asked)]

    encoder = SimpleNamespace(item_index=index, item_ids=ids, item_vectors=vectors, encode=encode)
    figures = rank_test_items(encoder, pa.table(rows), DataSet("tiny", 8, 1, histories))

    gains, hits = 0.0, 0
    for user, history in enumerate(histories[:39]):  # the last user has no sequence
        scores = {int(item): float(vectors[place] @ queries[user]) for place, item in enumerate(index)}
        unseen = sorted((item for item in scores if item not in seen[user]), key=lambda item: -scores[item])
        best = unseen[:K]
        if history[-1] + 1 in best:
            gains, hits = gains + 1 / math.log2(best.index(history[-1] + 1) + 2), hits + 1
    assert 0 < hits < 39
    assert figures["ndcg"] == pytest.approx(gains / 40)
    assert figures["hr"] == pytest.approx(hits / 40)
    assert figures["users_without_sequence"] == 1
    assert figures["unknown_test_items"] == sum(history[-1] > ITEMS - 2 for history in histories[:39]) > 0


def test_the_best_validation_is_found_among_the_steps() -> None:
    curve = [{"epoch": 1, "loss": 2.0}, {"epoch": 1, "ndcg@10": 0.1}, {"epoch": 2, "ndcg@10": 0.3}, {"epoch": 3}]
    assert best_validation(curve) == {"epoch": 2, "ndcg@10": 0.3}
    assert best_validation(curve[:1]) == {}


def test_the_work_of_a_target_is_that_of_the_published_sizes() -> None:
    assert flops_per_target(SasRecConfig(), tokens=200, items=3416) == pytest.approx(1.91e6, rel=0.01)


def test_the_warm_up_does_not_count() -> None:
    steps = [(10, 4.0, 100.0 + step) for step in range(WARM_UP)] + [(10, 2.0, 102.5), (30, 1.0, 104.0)]
    run = Run.of_steps(steps)
    assert run.targets_per_second == pytest.approx(20)
    assert run.targets_per_second_of_a_step == pytest.approx(20)
    assert run.loss_at_end(share=0.5) == pytest.approx(1.25)
