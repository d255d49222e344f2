"""Area under the precision-recall curve."""

import numpy as np

from interest_spark.metrics.scored.scored import Scored


def average_precision(scored: Scored) -> float:
    """AUC-PR as the step-wise sum, without interpolation (Davis and Goadrich 2006), as in scikit-learn.

        AP = sum over thresholds t, descending, of (recall_t - recall_before) precision_t

    NaN without a positive row.

    >>> average_precision(Scored.of_rows(np.array([1, 0, 1]), np.array([0.9, 0.5, 0.1])))
    0.8333333333333333
    """
    positives = scored.positives.sum()
    if not positives:
        return float("nan")
    found, taken = np.cumsum(scored.positives), np.cumsum(scored.positives + scored.negatives)
    return float((scored.positives / positives) @ (found / taken))
