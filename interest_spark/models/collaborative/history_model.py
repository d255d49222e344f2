"""What all collaborative models share as scoring sees them: V items, and histories as weights of these."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from interest_spark.features.collaborative.interactions import Interactions, interactions, rule_of
from interest_spark.features.sequences.tokens import Histories
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.storage.bundles import Bundle

NOWHERE = -1

Array = np.ndarray[Any, Any]


class HistoryModel(ABC):
    """A model that knows items alone: whoever has used one of them is served, also users who came after it was fitted.

    item_index: int32[V], ascending. item_ids: the shop's ids, aligned. item_vectors: float32[V, d], dense or sparse:
    their products with what `encode` gives are the scores.
    """

    item_vectors: "Array | csr_array"
    reranker: None = None  # products alone rank

    def __init__(self, card: CollaborativeCard, bundle: Bundle) -> None:
        self.model_version = card.model_version
        self.item_index: Array = bundle.items["item_index"].to_numpy().astype(np.int32)
        self.item_ids: pa.StringArray = bundle.items["item_id"].combine_chunks()
        self._rule = rule_of(card.collaborative)
        self._place = np.full(int(self.item_index.max(initial=0)) + 2, NOWHERE, np.int64)  # the last is of all beyond
        self._place[self.item_index] = np.arange(len(self.item_index))

    def knows(self, histories: Histories) -> Array:
        """bool[n]: whether each history holds an item of the model that weighs anything."""
        found = np.zeros(histories.num_rows, bool)
        found[self._known(histories).owner] = True
        return found

    @abstractmethod
    def encode(self, histories: Histories) -> "Array | csr_array":
        """float32[n, d] of n histories that it knows."""

    def _known(self, histories: Histories) -> Interactions:
        """The interactions with items of the model; `item` is their place among these."""
        found = interactions(histories, self._rule)
        place = self._place[np.minimum(found.item, len(self._place) - 1)]
        return Interactions(found.owner, place, found.weight).filter(place != NOWHERE)

    def _weights(self, histories: Histories) -> csr_array:
        """float32[n, V]: the histories as rows of the matrix that the model was fitted on."""
        found = self._known(histories)
        shape = (histories.num_rows, len(self.item_index))
        return csr_array((found.weight.astype(np.float32), (found.owner, found.item)), shape=shape)


def array_of(bundle: Bundle, name: str, dtype: str, *shape: int | None) -> Array:
    """The array of that name; BadDataError unless type and shape are these (None: any size) and all is finite."""
    array = bundle.weights.get(name)
    fits = array is not None and array.dtype == dtype and len(array.shape) == len(shape)
    if array is None or not fits or any(want not in (None, has) for want, has in zip(shape, array.shape, strict=True)):
        raise BadDataError(f"array {name} does not fit the model's configuration; fit it again with `interest train`")
    if not np.isfinite(array).all():
        raise BadDataError(f"array {name} holds what is no number; fit the model again with `interest train`")
    return array


def check_arrays(weights: Mapping[str, Array], *names: str) -> None:
    """Raise BadDataError unless a bundle holds these arrays and no others."""
    if weights.keys() != {*names}:
        raise BadDataError(
            f"its arrays are {', '.join(sorted(weights))!r:.100}, not {', '.join(names)}; "
            "fit the model again with `interest train`"
        )
