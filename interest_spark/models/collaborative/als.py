"""Implicit matrix factorisation: a user is the least squares' answer to the user's history (Hu et al., ICDM 2008).

With Y the item factors, float[V, f], a history with weights r of n items, confidences c = 1 + alpha r, and the rows Yu
of those items,

    x = (Y'Y + Yu' diag(c - 1) Yu + lambda n I)^-1 Yu' c

minimises what MLlib minimises for its own user factors: for users of the fitting both are equal, and users who came
later are served alike.
"""

import numpy as np

from interest_spark.config.collaborative import AlsConfig
from interest_spark.features.sequences.tokens import Histories
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.models.collaborative.history_model import Array, HistoryModel, array_of, check_arrays
from interest_spark.storage.bundles import Bundle

_USERS_AT_ONCE = 256  # whose f x f matrices are held


class Als(HistoryModel):
    """Item factors, and users folded in."""

    item_vectors: Array

    def __init__(self, card: CollaborativeCard, bundle: Bundle) -> None:
        super().__init__(card, bundle)
        config = card.collaborative
        assert isinstance(config, AlsConfig)
        check_arrays(bundle.weights, "items")
        self._config = config
        self.item_vectors = array_of(bundle, "items", "float32", len(self.item_index), config.factors)
        self._factors = self.item_vectors.astype(np.float64)  # [V, f]
        self._gram = self._factors.T @ self._factors  # [f, f]

    def encode(self, histories: Histories) -> Array:
        """float32[n, f]."""
        found = self._known(histories)
        bounds = np.searchsorted(found.owner, np.arange(histories.num_rows + 1))
        vectors = np.empty((histories.num_rows, self._config.factors), np.float32)
        for start in range(0, len(vectors), _USERS_AT_ONCE):
            users = range(start, min(start + _USERS_AT_ONCE, len(vectors)))
            systems = [self._system(found.item[each], found.weight[each]) for each in _slices(bounds, users)]
            left, right = (np.stack(side) for side in zip(*systems, strict=True))
            vectors[users.start : users.stop] = np.linalg.solve(left, right[:, :, None])[:, :, 0]
        return vectors

    def _system(self, items: Array, weight: Array) -> tuple[Array, Array]:
        """The normal equations of one user: float64[f, f] and float64[f]."""
        rows = self._factors[items]  # [n, f]
        extra = self._config.alpha * weight  # c - 1
        left = self._gram + (rows.T * extra) @ rows
        left[np.diag_indices_from(left)] += self._config.regularization * len(items)
        return left, rows.T @ (1 + extra)


build = Als


def _slices(bounds: Array, users: range) -> list[slice]:
    return [slice(bounds[user], bounds[user + 1]) for user in users]
