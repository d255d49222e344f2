"""Scores to probabilities, learnt from rows that the learner has not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """`platt`: 1 / (1 + exp(-(slope score + intercept))); `isotonic`: straight lines between `scores` and `shares`."""

    kind: str
    slope: float = 0.0
    intercept: float = 0.0
    scores: Sequence[float] = ()
    shares: Sequence[float] = ()

    def probability(self, score: Floats) -> Floats:
        """float64[n], never quite 0 or 1."""
        if self.kind == "isotonic":
            return np.interp(score, self.scores, self.shares)
        return 1 / (1 + np.exp(-(self.slope * score + self.intercept)))

    def as_json(self) -> Mapping[str, Any]:
        return asdict(self)


def fit_calibration(kind: str, score: Floats, churned: NDArray[np.bool_]) -> Calibration:
    """`platt` (Platt 1999, with his targets short of 0 and 1) or `isotonic` (Zadrozny and Elkan 2002)."""
    positives, negatives = float(churned.sum()), float((~churned).sum())
    if kind == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        edge = 1 / (len(score) + 2)
        found = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(score, churned)
        return Calibration(kind, scores=found.X_thresholds_.tolist(), shares=found.y_thresholds_.tolist())
    wanted = np.where(churned, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    return Calibration(kind, *_logistic(score, wanted))


def _logistic(score: Floats, wanted: Floats) -> tuple[float, float]:
    """Slope and intercept by Newton's method on standardised scores; the slope is held up by a hair of ridge."""
    middle, scale = float(score.mean()), float(score.std()) or 1.0
    design = np.stack([(score - middle) / scale, np.ones(len(score))], axis=1)
    found = np.zeros(2)
    for _ in range(50):
        share = 1 / (1 + np.exp(-(design @ found)))
        slope = design.T @ (share - wanted) + [1e-6 * found[0], 0.0]
        curve = (design * (share * (1 - share))[:, None]).T @ design + np.diag([1e-6, 1e-9])
        step = np.linalg.solve(curve, slope)
        found -= np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    return float(found[0] / scale), float(found[1] - found[0] * middle / scale)
