"""Neighbours of a user's items: score(u, i) = sum over the history's items j of weight(u, j) similarity(j, i)."""

import numpy as np
from scipy.sparse import csr_array

from interest_spark.features.sequences.tokens import Histories
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.models.collaborative.history_model import HistoryModel, array_of, check_arrays
from interest_spark.storage.bundles import Bundle


class ItemToItem(HistoryModel):
    """A sparse matrix of similarities. An item without a neighbour in the history has no score and is not suggested."""

    item_vectors: csr_array

    def __init__(self, card: CollaborativeCard, bundle: Bundle) -> None:
        super().__init__(card, bundle)
        check_arrays(bundle.weights, "first", "neighbour", "similarity")
        size = len(self.item_index)
        similarity = array_of(bundle, "similarity", "float32", None)
        first = array_of(bundle, "first", "int64", size + 1)  # where each item's neighbours begin, and the end
        neighbour = array_of(bundle, "neighbour", "int32", len(similarity))
        ascends = not first[0] and first[-1] == len(similarity) and (np.diff(first) >= 0).all()
        if not ascends or (len(neighbour) and not 0 <= neighbour.min() <= neighbour.max() < size):
            raise BadDataError("its neighbours are not of its items; fit the model again with `interest train`")
        self.item_vectors = csr_array((similarity, neighbour, first), shape=(size, size)).T.tocsr()  # [i, j]

    def encode(self, histories: Histories) -> csr_array:
        """float32[n, V], sparse: the histories' weights."""
        return self._weights(histories)


build = ItemToItem
