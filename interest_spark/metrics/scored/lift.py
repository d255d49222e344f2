"""Lift of the rows with the highest scores."""

import numpy as np

from interest_spark.metrics.scored.scored import Scored

SHARE = 0.1


def lift(scored: Scored, share: float = SHARE) -> float:
    """How many times more positive rows the best `share` of all rows holds than as many taken at random.

        lift = (share of positives among the best rows) / (share of positives among all rows)

    Of rows with one score, of which only some fit in, the positive ones are spread evenly (Ling and Li 1998 order them
    by chance). NaN without a positive row.

    >>> lift(Scored.of_rows(np.array([1, 0, 1, 0]), np.array([4.0, 3.0, 2.0, 1.0])), share=0.25)
    2.0
    """
    positives, wanted = scored.positives.sum(), share * scored.rows
    if not positives:
        return float("nan")
    rows = scored.positives + scored.negatives
    before = np.cumsum(rows) - rows
    part = np.clip((wanted - before) / rows, 0, 1)  # of the rows of each score
    return float(part @ scored.positives / wanted / (positives / scored.rows))
