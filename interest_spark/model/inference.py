"""A trained model ready for use: histories in, user vectors out, beside the vectors of all candidates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import tensorflow as tf

from interest_spark.bundles import Bundle, read_bundle
from interest_spark.model.card import build_network, read_card
from interest_spark.model.runtime import use_threads
from interest_spark.schemas import UNKNOWN_INDEX
from interest_spark.stages.packing import place

_BLOCKS_AT_ONCE = 16


def load_encoder(path: Path | str, manifest_sha256: str | None = None, threads: int = 1) -> "Encoder":
    """Read a bundle, check its seal, and build its network.

    `threads` holds for the whole process and only when TensorFlow has not run in it yet.
    Raises BadDataError when the bundle is missing, changed, or not a network of this code.
    """
    bundle = read_bundle(Path(path), manifest_sha256)
    use_threads(threads)
    return Encoder(bundle)


class Encoder:
    """Turns histories of item indexes into vectors whose products with `item_vectors` are the scores.

    item_index: int32[C], the candidates, ascending. item_ids: the shop's ids, aligned with item_index
    (a pyarrow StringArray: `.take(rows)`, `.to_pylist()`). item_vectors: float32[C, d], aligned too.
    max_length: how many of a history's last items are looked at. model_version: the bundle's.
    """

    def __init__(self, bundle: Bundle) -> None:
        card = read_card(bundle.config)
        self.model_version = card.model_version
        self.max_length = card.max_length
        self.item_index: np.ndarray = bundle.items["item_index"].to_numpy().astype(np.int32)
        self.item_ids: pa.StringArray = bundle.items["item_id"].combine_chunks()
        self._known = np.zeros(card.vocabulary_size, bool)
        self._known[self.item_index] = True
        self._network = build_network(card.network, card.vocabulary_size, card.max_length)
        self._network.parameters.assign(bundle.weights)
        self.item_vectors: np.ndarray = self._network.item_vectors(self.item_index).numpy()
        block = tf.TensorSpec([None, self.max_length], tf.int32)  # one trace for any number of blocks
        cells = tf.TensorSpec([None], tf.int32)
        self._vectors_at = tf.function(self._encode_cells, input_signature=[block, block, block, cells])

    def knows(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """bool[n]: whether at least one of the last `max_length` items of each history is a candidate."""
        lengths, items = self._kept(histories)
        owner = np.repeat(np.arange(len(lengths)), lengths)
        return np.bincount(owner[items != UNKNOWN_INDEX], minlength=len(lengths)) > 0

    def encode(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """float32[n, d]: the network's output at the last item of each history (int32[k], oldest first).

        Only the last `max_length` items count; items that are no candidates become UNKNOWN_INDEX. A history's
        vector does not depend on the others beyond rounding. An empty history gets zeros: ask `knows` first.
        """
        lengths, items = self._kept(histories)
        vectors = np.zeros((len(lengths), self.item_vectors.shape[1]), np.float32)
        filled = np.flatnonzero(lengths)
        placement = place(lengths[filled], self.max_length)
        blocks = [placement.lay_out(items), placement.positions(), placement.segments()]
        for first in range(0, placement.blocks, _BLOCKS_AT_ONCE):
            here = (placement.block >= first) & (placement.block < first + _BLOCKS_AT_ONCE)
            cells = placement.last_cells[here] - first * self.max_length
            batch = (part[first : first + _BLOCKS_AT_ONCE] for part in blocks)
            vectors[filled[here]] = self._vectors_at(*batch, cells.astype(np.int32)).numpy()
        return vectors

    def _kept(self, histories: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """The length of each history's looked-at part, and those parts' items one after another."""
        parts = [np.asarray(history[-self.max_length :], np.int32) for history in histories]
        lengths = np.array([len(part) for part in parts], np.int64)
        items = np.concatenate([np.zeros(0, np.int32), *parts])
        inside = np.where((items >= 0) & (items < len(self._known)), items, UNKNOWN_INDEX)
        return lengths, np.where(self._known[inside], inside, UNKNOWN_INDEX)

    def _encode_cells(self, item: tf.Tensor, position: tf.Tensor, segment: tf.Tensor, cells: tf.Tensor) -> tf.Tensor:
        hidden = self._network.encode({"item": item, "position": position, "segment": segment})  # [B, T, d]
        return tf.gather(tf.reshape(hidden, [-1, hidden.shape[2]]), cells)  # [n, d]
