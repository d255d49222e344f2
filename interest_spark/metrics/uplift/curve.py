"""The Qini curve: what treating the customers with the highest predictions first would have brought."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class UpliftRows:
    """Customers of a trial: `prediction`, `outcome` and `weight`, float64[n], and `treated`, bool[n].

    The weight makes either arm stand for all: 1 / e for the treated, 1 / (1 - e) for others, e the propensity; a
    bootstrap multiplies it.
    """

    prediction: Floats
    treated: NDArray[np.bool_]
    outcome: Floats
    weight: Floats

    @classmethod
    def of_trial(
        cls, prediction: Floats, treated: NDArray[np.bool_], outcome: Floats, propensity: Floats
    ) -> "UpliftRows":
        """Rows of a trial whose propensities, float64[n], are known."""
        return cls(prediction, treated, outcome, 1 / np.where(treated, propensity, 1 - propensity))


@dataclass(frozen=True)
class QiniCurve:
    """`gain`, float64[m + 1], of treating the best `share`, float64[m + 1], a customer of all; both start at 0."""

    share: Floats
    gain: Floats

    @property
    def effect(self) -> float:
        """The average effect of treating everybody, where the curve ends."""
        return float(self.gain[-1])

    def at(self, share: float) -> float:
        """The gain of treating the best so many, between points along a line."""
        return float(np.interp(share, self.share, self.gain))


def qini_curve(rows: UpliftRows) -> QiniCurve:
    """Radcliffe (2007), with arms of any size and propensity.

        gain(s) = s (mean outcome of the treated - mean outcome of others), both among the share s with the highest
        predictions

    Customers with one prediction come together: the curve has a point for each distinct one.

    >>> rows = UpliftRows.of_trial(
    ...     np.array([2.0, 2, 1, 1]), np.array([True, False, True, False]), np.array([3.0, 1, 1, 1]), np.full(4, 0.5)
    ... )
    >>> qini_curve(rows).gain.tolist()
    [0.0, 1.0, 1.0]
    """
    order = np.argsort(-rows.prediction, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(rows.prediction[order])), len(order) - 1)
    weight, treated = rows.weight[order], rows.treated[order]
    total = weight * rows.outcome[order]
    means = []
    for arm in (treated, ~treated):
        weights, sums = np.cumsum(weight * arm)[ends], np.cumsum(total * arm)[ends]
        means.append(np.divide(sums, weights, out=np.zeros(len(ends)), where=weights > 0))
    share = np.cumsum(weight)[ends] / weight.sum()
    return QiniCurve(np.append(0.0, share), np.append(0.0, share * (means[0] - means[1])))
