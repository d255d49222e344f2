"""Grouped area under the ROC curve."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from interest_spark.metrics.scored.auc import auc
from interest_spark.metrics.scored.scored import Floats, Scored


def gauc(label: NDArray[Any], score: Floats, group: NDArray[Any]) -> float:
    """AUC within each group, usually a user's rows, weighted by its rows: Zhu et al. (2017), Zhou et al. (2018).

        GAUC = sum over groups g of n_g AUC_g / sum over groups of n_g

    Groups whose labels are all alike have no AUC and are left out; NaN where that leaves none.

    >>> gauc(np.array([1, 0, 1, 0, 1]), np.array([0.9, 0.1, 0.2, 0.4, 0.5]), np.array([1, 1, 2, 2, 3]))
    0.5
    """
    parts = [weighted_auc(label[group == each], score[group == each]) for each in np.unique(group)]
    rows = sum(part[1] for part in parts)
    return sum(part[0] for part in parts) / rows if rows else float("nan")


def weighted_auc(label: NDArray[Any], score: Floats) -> tuple[float, float]:
    """A group's part of both sums above: n_g AUC_g and n_g, or 0 and 0 where it is left out."""
    value, rows = auc(Scored.of_rows(label, score)), float(len(label))
    return (0.0, 0.0) if np.isnan(value) else (rows * value, rows)
