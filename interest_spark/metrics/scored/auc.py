"""Area under the ROC curve."""

import numpy as np

from interest_spark.metrics.scored.scored import Scored


def auc(scored: Scored) -> float:
    """P(a positive row has a higher score than a negative one), ties half: Hanley and McNeil (1982).

    NaN where all labels are alike.

    >>> auc(Scored.of_rows(np.array([1, 0, 0, 1]), np.array([0.9, 0.5, 0.1, 0.5])))
    0.875
    """
    positives, negatives = scored.positives.sum(), scored.negatives.sum()
    if not positives or not negatives:
        return float("nan")
    below = negatives - np.cumsum(scored.negatives)  # scores are descending
    return float(scored.positives @ (below + scored.negatives / 2) / (positives * negatives))
