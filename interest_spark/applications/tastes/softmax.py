"""How much of a user's softmax over all items falls to each cluster of them, in blocks that are never held together.

With a the vector of a user, y_i those of the items and s the scale that the loss has multiplied scores by,

    value(c) = sum over i in c of exp(s a y_i) / sum over all i of exp(s a y_i)

The sums are carried from block to block relative to the highest score so far (Milakov and Gimelshein 2018,
arXiv:1805.02867), so that nothing overflows and a user's scores are read once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

_ITEMS_PER_BLOCK = 4_096
_USERS_PER_BLOCK = 128  # of as many scores each: 2 MB, which stay in the cache


@dataclass(frozen=True)
class _ItemBlock:
    """Consecutive items: `columns` float32[d, b]; those of the cluster `first + j` begin at `begins[j]`."""

    columns: np.ndarray
    first: int
    begins: np.ndarray


class ClusterSoftmax:
    """Item vectors float32[V, d] in the order of their clusters, int[V] from 0 without gaps, laid out once."""

    def __init__(self, vectors: np.ndarray, cluster: np.ndarray, scale: float) -> None:
        self.count = int(cluster[-1]) + 1
        self.width, self._scale = vectors.shape[1], np.float32(scale)
        self._blocks: Sequence[_ItemBlock] = tuple(_lay_out(vectors, cluster))

    def shares(self, users: np.ndarray) -> np.ndarray:
        """float32[n, d] -> float64[n, clusters], of which each row adds up to 1.

        A user's row does not depend on how many others there are: all products have the same shape.
        """
        shares = np.empty((len(users), self.count))
        for start in range(0, len(users), _USERS_PER_BLOCK):
            part = users[start : start + _USERS_PER_BLOCK]
            queries = np.zeros((_USERS_PER_BLOCK, self.width), np.float32)
            queries[: len(part)] = part * self._scale
            shares[start : start + len(part)] = self._shares(queries)[: len(part)]
        return shares

    def _shares(self, queries: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(queries), self.count))
        highest = np.full(len(queries), -np.inf, np.float32)
        for block in self._blocks:
            scores = queries @ block.columns  # [n, b]
            before, highest = highest, np.maximum(highest, scores.max(axis=1))
            sums *= np.exp(before - highest, dtype=np.float64)[:, None]
            scores -= highest[:, None]
            np.exp(scores, out=scores)
            here = slice(block.first, block.first + len(block.begins))
            sums[:, here] += np.add.reduceat(scores, block.begins, axis=1, dtype=np.float64)
        return sums / sums.sum(axis=1, keepdims=True)


def _lay_out(vectors: np.ndarray, cluster: np.ndarray) -> Iterator[_ItemBlock]:
    for start in range(0, len(vectors), _ITEMS_PER_BLOCK):
        here = slice(start, start + _ITEMS_PER_BLOCK)
        own, begins = np.unique(cluster[here], return_index=True)
        yield _ItemBlock(np.ascontiguousarray(vectors[here].T), int(own[0]), begins)
