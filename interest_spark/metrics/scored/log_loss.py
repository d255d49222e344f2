"""Logarithmic loss."""

import numpy as np

from interest_spark.metrics.scored.scored import Scored

SMALLEST = float(np.finfo(np.float64).eps)


def log_loss(scored: Scored) -> float:
    """Mean negative log-likelihood in nats of labels under probabilities (Good 1952); NaN without rows.

        log loss = - mean over rows of (y ln p + (1 - y) ln(1 - p)), p within 2.2e-16 … 1 - 2.2e-16

    >>> round(log_loss(Scored.of_rows(np.array([1, 0]), np.array([0.5, 0.5]))), 4)
    0.6931
    """
    if not scored.rows:
        return float("nan")
    p = np.clip(scored.score, SMALLEST, 1 - SMALLEST)
    return float(-(scored.positives @ np.log(p) + scored.negatives @ np.log(1 - p)) / scored.rows)
