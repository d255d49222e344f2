"""EASE: score(u, i) = sum over the history's items j of weight(u, j) B[j, i] (Steck, WWW 2019, arXiv:1905.03375)."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array

from interest_spark.features.sequences.tokens import Histories
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.models.collaborative.history_model import Array, HistoryModel, array_of, check_arrays
from interest_spark.storage.bundles import Bundle


class Ease(HistoryModel):
    """A dense matrix of weights between items."""

    item_vectors: Array

    def __init__(self, card: CollaborativeCard, bundle: Bundle) -> None:
        super().__init__(card, bundle)
        check_arrays(bundle.weights, "weights")
        size = len(self.item_index)
        self.item_vectors = array_of(bundle, "weights", "float32", size, size).T  # [i, j]

    def encode(self, histories: Histories) -> csr_array:
        """float32[n, V], sparse: the histories' weights."""
        return self._weights(histories)


build = Ease


def item_weights(gram: Array, ridge: float) -> Array:
    """B, float32[V, V], of the Gram matrix float64[V, V], which is overwritten.

    With P = (G + lambda I)^-1, B[j, i] = -P[j, i] / P[i, i], and 0 on the diagonal.
    """
    gram[np.diag_indices_from(gram)] += ridge
    inverse = cho_solve(cho_factor(gram, overwrite_a=True), np.eye(len(gram)), overwrite_b=True)
    inverse /= -np.diag(inverse)
    np.fill_diagonal(inverse, 0.0)
    return inverse.astype(np.float32)
