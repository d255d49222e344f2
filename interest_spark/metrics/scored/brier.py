"""Brier score."""

from interest_spark.metrics.scored.scored import Scored


def brier(scored: Scored) -> float:
    """Mean squared distance of probabilities to labels: Brier (1950), of two classes counted once; NaN without rows.

    >>> brier(Scored.of_rows(np.array([1, 0]), np.array([0.5, 0.0])))
    0.125
    """
    if not scored.rows:
        return float("nan")
    squares = scored.positives @ (1 - scored.score) ** 2 + scored.negatives @ scored.score**2
    return float(squares / scored.rows)
