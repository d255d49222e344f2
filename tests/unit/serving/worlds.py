"""A model small enough to be worked out by hand: a history's vector is the sum of its known items' vectors."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from interest_spark.features.sequences.tokens import Histories


class AddingEncoder:
    """Has the interface of a trained model's encoder; item i's id is `item-i`."""

    reranker = None

    def __init__(self, item_index: Sequence[int], item_vectors: np.ndarray) -> None:
        self.item_index = np.array(item_index, np.int32)
        self.item_ids = pa.array([f"item-{index}" for index in item_index], pa.string())
        self.item_vectors = np.asarray(item_vectors, np.float32)

    def knows(self, histories: Histories) -> np.ndarray:
        items = histories["item_index"].to_pylist()
        return np.array([bool(np.isin(history, self.item_index).any()) for history in items], bool)

    def encode(self, histories: Histories) -> np.ndarray:
        items = histories["item_index"].to_pylist()
        rows = [np.flatnonzero(np.isin(self.item_index, history)) for history in items]
        return np.stack([self.item_vectors[row].sum(axis=0) for row in rows])
