"""NDCG@10 on items held out of training: the full catalogue ranked for each of them.

Every rank validates on its share of the blocks; what is added up are counts, so the figure does not depend on how many
ranks there are, and all of them come to the same decision.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from interest_spark.metrics.ndcg import ndcg
from interest_spark.models.networks.network import Network
from interest_spark.models.networks.second_stage.reranking import NO_ITEM, Reranker
from interest_spark.models.networks.second_stage.second_stage import last_items
from interest_spark.models.parallel.collectives import Ranks
from interest_spark.schemas.behaviors import PADDING_INDEX
from interest_spark.storage.damage import reading

K = 10
_CELLS_AT_ONCE = 512
_BLOCKS_AT_ONCE = 16
_WORTH_A_GRAPH = 1024  # blocks; tracing takes a second, and a batch on the graph some milliseconds less

Columns = Mapping[str, np.ndarray]


class Validation:
    """The held-out targets of this rank's blocks: every `ranks.size`-th of the first `max_blocks` of `files`.

    These hold held-out blocks alone, in which histories end with the token that is to predict, as users are served.
    """

    def __init__(
        self,
        files: Sequence[str],
        columns: Sequence[str],
        candidates: np.ndarray,
        ranks: Ranks,
        *,
        exclude_seen: bool,
        max_blocks: int,
    ) -> None:
        self._ranks, self._candidates = ranks, tf.constant(candidates)
        label_of_item = np.full(int(candidates[-1]) + 1, -1, np.int32)
        label_of_item[candidates] = np.arange(len(candidates))
        blocks = read_held_out(files, columns, max_blocks)
        mine = {name: values[ranks.rank :: ranks.size] for name, values in blocks.items()}
        block, place = np.nonzero(mine["held_out"])
        labels = label_of_item[mine["held_out"][block, place]]
        seen = label_of_item[_history(mine, block, place)] if exclude_seen else np.full((len(block), 1), -1, np.int32)
        new = ~(seen == labels[:, None]).any(axis=1)  # what is never suggested cannot be found
        self._cells = np.stack([block, place], axis=1)[new]
        self._labels, self._seen = labels[new], _each_once(seen[new])
        self._label_of_item = label_of_item
        self._tokens = {name: mine[name] for name in columns}
        self.held_out_targets = int(ranks.sum_counts(np.array([len(self._labels)], np.int64))[0])

    def ndcg(self, network: Network) -> float:
        """NDCG@10 over the held-out targets of all ranks, between 0 and 1; after the second stage, if there is one."""
        places = np.zeros(K, np.int64)
        items = network.item_vectors(self._candidates).numpy()  # [C, d]
        vectors = self._encode(network)
        reranker = None if network.second_stage is None else Reranker(network.second_stage, items)
        for first in range(0, len(vectors), _CELLS_AT_ONCE):
            part = slice(first, first + _CELLS_AT_ONCE)
            scores = vectors[part] @ items.T
            if reranker is not None:
                scores = self._reranked(reranker, scores, vectors[part], part)
            place = places_of(scores, self._labels[part], self._seen[part])
            places += np.bincount(place[place < K], minlength=K)
        places = self._ranks.sum_counts(places)
        gains = ndcg(np.eye(K, dtype=bool), np.ones(K, np.int64))  # of a single target at each of the places
        return float(places @ gains / max(self.held_out_targets, 1))

    def _reranked(self, reranker: Reranker, scores: np.ndarray, vectors: np.ndarray, part: slice) -> np.ndarray:
        """The scores of the second stage for its candidates, -inf for all others: float32[n, C]."""
        users, places = np.nonzero(self._seen[part] >= 0)
        scores[users, self._seen[part][users, places]] = -np.inf
        count = min(reranker.candidates, scores.shape[1])
        asked = np.argpartition(-scores, count - 1, axis=1)[:, :count]
        asked = np.where(np.take_along_axis(scores, asked, axis=1) > -np.inf, asked, NO_ITEM)
        items = last_items(self._tokens["item"], self._tokens["segment"], self._cells[part], reranker.looks_back)
        history = np.where(items > 0, self._label_of_item[items], NO_ITEM)
        found = np.full((len(scores), scores.shape[1] + 1), -np.inf, np.float32)  # the last is for no item
        np.put_along_axis(found, asked, reranker.score(vectors, history, asked), axis=1)
        return found[:, :-1]

    def _encode(self, network: Network) -> np.ndarray:
        """float32[cells, d]."""
        dim = network.item_vectors(self._candidates[:1]).shape[1]
        vectors = np.zeros((len(self._cells), dim), np.float32)
        encode = _encode_on_graph if len(self._tokens["item"]) >= _WORTH_A_GRAPH else _encode_cells
        for first in range(0, len(self._tokens["item"]), _BLOCKS_AT_ONCE):
            here = (self._cells[:, 0] >= first) & (self._cells[:, 0] < first + _BLOCKS_AT_ONCE)
            batch = {
                name: tf.constant(values[first : first + _BLOCKS_AT_ONCE]) for name, values in self._tokens.items()
            }
            vectors[here] = encode(network, batch, tf.constant(self._cells[here] - [first, 0])).numpy()
        return vectors


def places_of(scores: np.ndarray, labels: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """How many items stand before each target, a tie counting against it: int64[n].

    scores: float32[n, C]. labels: int[n]. seen: int[n, s], labels that do not compete, each once; -1 is none.

    >>> places_of(np.array([[0.3, 0.1, 0.2]]), np.array([1]), np.array([[0, -1]])).tolist()
    [1]
    """
    own = np.take_along_axis(scores, labels[:, None].astype(np.int64), axis=1)
    before = (scores >= own).sum(axis=1) - 1
    seen_before = (np.take_along_axis(scores, np.maximum(seen, 0).astype(np.int64), axis=1) >= own) & (seen >= 0)
    return before - seen_before.sum(axis=1)


def read_held_out(files: Sequence[str], columns: Sequence[str], most: int) -> dict[str, np.ndarray]:
    """The first `most` blocks in the order of the files, which hold held-out ones alone: int32[blocks, T] by column.

    What comes after the row group of the last of them is not read.
    """
    names = [*columns, "held_out"]
    parts: list[dict[str, np.ndarray]] = []
    for group in _row_groups(files, names):
        left = most - sum(len(part["held_out"]) for part in parts)
        parts.append({name: _matrix(group[name].combine_chunks())[:left] for name in names})
        if group.num_rows >= left:
            break
    nothing = np.zeros((0, parts[0]["held_out"].shape[1] if parts else 0), np.int32)
    return {name: np.concatenate([nothing, *(part[name] for part in parts)]) for name in names}


def _row_groups(files: Sequence[str], names: list[str]) -> Iterator[pa.Table]:
    for file in files:
        with reading(file), pq.ParquetFile(file) as blocks:
            for number in range(blocks.num_row_groups):
                yield blocks.read_row_group(number, columns=names)


def _matrix(lists: pa.ListArray) -> np.ndarray:
    values = lists.flatten().to_numpy().astype(np.int32)
    return values.reshape(len(lists), -1)


def _history(tokens: Columns, block: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The items of each cell's history up to the cell, 0 elsewhere and for a MASK token: int32[cells, T]."""
    segment = tokens["segment"]
    own = segment[block] == segment[block, place][:, None]
    items = np.maximum(tokens["item"], PADDING_INDEX)[block]
    return np.where(own & (np.arange(segment.shape[1]) <= place[:, None]), items, PADDING_INDEX)


def _each_once(labels: np.ndarray) -> np.ndarray:
    """Every row's labels without repetitions, -1 in their place."""
    ordered = np.sort(labels, axis=1)
    ordered[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = -1
    return ordered


def _encode_cells(network: Network, tokens: Mapping[str, tf.Tensor], cells: tf.Tensor) -> tf.Tensor:
    return tf.gather_nd(network.encode(tokens), cells)


_encode_on_graph = tf.function(_encode_cells, reduce_retracing=True, autograph=False)
