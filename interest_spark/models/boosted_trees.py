"""Gradient-boosted trees (Chen and Guestrin, KDD 2016, arXiv:1603.02754): a grown ensemble, as XGBoost's own JSON.

XGBoost is imported where trees are asked: importing takes a second, and shops without such models need none of it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from xgboost import Booster

Floats = NDArray[np.float64]
Features = NDArray[np.float32]


@dataclass(frozen=True)
class BoostedTrees:
    """`text` holds trees alone: no names of columns, which may be any text, and no code.

    `features` are float32[n, f], NaN where a value is not known. One thread, as a task has one core.
    """

    text: str

    @classmethod
    def of(cls, booster: "Booster") -> "BoostedTrees":
        """What was grown."""
        booster.feature_names = None
        return cls(bytes(booster.save_raw("json")).decode("utf-8"))

    def predict(self, features: Features) -> Floats:
        """In the unit of what was learnt, of labels a probability: float64[n]."""
        return self._told(features, "value")

    def margin(self, features: Features) -> Floats:
        """Before the objective's link, of labels log odds: float64[n]."""
        return self._told(features, "margin")

    def contributions(self, features: Features) -> Floats:
        """What each column adds to the margin, against what is usual: float64[n, f].

        Shapley values of the trees (Lundberg et al. 2018, arXiv:1802.03888), without their last column, what is usual.
        """
        import xgboost

        found = self._booster.predict(xgboost.DMatrix(features, nthread=1), pred_contribs=True, validate_features=False)
        return found[:, :-1].astype(np.float64)

    def _told(self, features: Features, kind: str) -> Floats:
        if not len(features):
            return np.zeros(0)
        found: NDArray[Any] = self._booster.inplace_predict(features, predict_type=kind, validate_features=False)
        return found.astype(np.float64)

    @cached_property
    def _booster(self) -> "Booster":
        import xgboost

        booster = xgboost.Booster({"nthread": 1, "device": "cpu"})
        booster.load_model(bytearray(self.text, "utf-8"))
        return booster
