"""What metrics of scores look at, and which there are.

Each follows from how many rows of either label have a score, so that the same definition takes a batch of rows and,
counted by Spark, all rows of a table. The metric of name N is the function N of the module `metrics/scored/N.py`.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCORED_METRICS = ("auc", "average_precision", "lift", "log_loss", "brier", "calibration_error")


@dataclass(frozen=True)
class Scored:
    """Rows counted by distinct score, highest first: `score`, `positives` and `negatives`, each float64[n]."""

    score: Floats
    positives: Floats
    negatives: Floats

    @classmethod
    def counted(cls, score: Floats, positives: Floats, negatives: Floats) -> "Scored":
        """From counts in any order, of which several may have one score, and some none: what has no row is left out."""
        counted = np.asarray(positives) + np.asarray(negatives) > 0
        score, positives, negatives = (np.asarray(each, np.float64)[counted] for each in (score, positives, negatives))
        distinct, place = np.unique(-score, return_inverse=True)
        counts = [
            np.bincount(place, each, minlength=len(distinct)).astype(np.float64) for each in (positives, negatives)
        ]
        return cls(-distinct, *counts)

    @classmethod
    def of_rows(cls, label: NDArray[Any], score: Floats) -> "Scored":
        """From rows. label: bool[n], or 0 and 1. Raises ValueError for other labels and scores that are no numbers."""
        positive: Floats = np.asarray(label, np.float64)
        if not np.isin(positive, (0, 1)).all() or np.isnan(score).any():
            raise ValueError("labels are 0 or 1, and scores are numbers")
        return cls.counted(score, positive, 1 - positive)

    @property
    def rows(self) -> float:
        return float(self.positives.sum() + self.negatives.sum())


class ScoredMetric(Protocol):
    """One value for all rows; NaN where it is not defined, as where all labels are alike."""

    def __call__(self, scored: Scored) -> float: ...


def scored_metric_named(name: str) -> ScoredMetric:
    """The metric, which is one of SCORED_METRICS."""
    metric: ScoredMetric = getattr(import_module(f"interest_spark.metrics.scored.{name}"), name)
    return metric
