"""Whom the accuracy benchmarks judge by which item, and where it stands in their lists."""

import numpy as np
import pyarrow as pa

from tests.bench.bench_accuracy import K, hits_of_users, rank_test_items
from tests.bench.bench_hybrid import are_cold
from tests.bench.training_world import DataSet, by_user

DATA = DataSet("made up", 8, 4, [np.array(each) for each in ([1, 2, 3], [2, 4], [1, 2, 5], [3, 9])])


class Encoder:
    """Likes the items 3, 4, 2, 1 in this order, and does not know any other."""

    item_index = np.array([1, 2, 3, 4], np.int32)
    item_ids = pa.array([f"item-{number}" for number in range(1, 5)])
    item_vectors = np.array([[0.1], [0.2], [0.9], [0.3]], np.float32)
    reranker = None

    def encode(self, histories: pa.Table) -> np.ndarray:
        return np.ones((histories.num_rows, 1), np.float32)

    def knows(self, histories: pa.Table) -> np.ndarray:
        return np.ones(histories.num_rows, bool)


def test_a_test_item_is_found_at_its_place_among_what_was_not_seen() -> None:
    """Users in the order of the data set, whatever the order of the table; the last has no history."""
    rows = {"user_id": ["user-2", "owner-of-9", "user-1", "user-0"], "seen": [[1, 2], [], [2], [1, 2]]}
    sequences = pa.table({"user_id": rows["user_id"], "seen": pa.array(rows["seen"], pa.list_(pa.int32()))})
    hits = hits_of_users(Encoder(), sequences, DATA)
    assert hits.shape == (4, K)
    assert np.argwhere(hits).tolist() == [[0, 0], [1, 1]]
    found = rank_test_items(Encoder(), sequences, DATA)
    assert found["hr"] == 2 / 4
    assert found["ndcg"] == (1 + 1 / np.log2(3)) / 4
    counts = {name: found[name] for name in ("users", "users_without_sequence", "ranked_items", "unknown_test_items")}
    assert counts == {"users": 4, "users_without_sequence": 1, "ranked_items": 4, "unknown_test_items": 2}


def test_cold_items_are_those_of_few_delivered_events() -> None:
    often = DataSet("made up", 8, 4, [np.array([7, 7, 7, 7, 7, 1]), np.array([1, 7]), np.array([2, 3])])
    assert are_cold(often).tolist() == [True, False, True]


def test_histories_of_a_log_are_in_the_order_of_its_times() -> None:
    lines = ["user_id:token\titem_id:token\trating:float\ttimestamp:float\n"]
    lines += [f"{user}\t{item}\t3\t{time}\n" for user, item, time in [(2, 5, 9), (1, 8, 7), (2, 4, 3), (2, 1, 3)]]
    assert [history.tolist() for history in by_user(lines)] == [[8], [1, 4, 5]]
