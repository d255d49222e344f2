"""Expected calibration error."""

import numpy as np

from interest_spark.metrics.scored.scored import Scored

BINS = 10


def calibration_error(scored: Scored, bins: int = BINS) -> float:
    """How far probabilities are from what comes true: Naeini et al. (2015), bins of equal width.

        ECE = sum over bins b of n_b / n |share of positives in b - mean probability in b|

    Bin b of B holds probabilities in b / B <= p < (b + 1) / B, the last one 1 as well. NaN without rows.

    >>> round(calibration_error(Scored.of_rows(np.array([1, 0]), np.array([0.9, 0.3]))), 4)
    0.2
    """
    if not scored.rows:
        return float("nan")
    place = np.clip((scored.score * bins).astype(np.int64), 0, bins - 1)
    rows = scored.positives + scored.negatives
    gaps = np.bincount(place, scored.positives - rows * scored.score, minlength=bins)
    return float(np.abs(gaps).sum() / scored.rows)
