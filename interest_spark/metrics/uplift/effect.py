"""What a treatment did on average: of all customers, and of those in each part of the order of predictions."""

import numpy as np

from interest_spark.metrics.uplift.curve import Floats, UpliftRows, qini_curve


def average_effect(rows: UpliftRows) -> float:
    """Mean outcome of the treated less that of others, by their weights (Hájek 1971); NaN where an arm has no weight.

    >>> average_effect(UpliftRows(np.zeros(3), np.array([True, False, False]), np.array([3.0, 1, 2]), np.ones(3)))
    1.5
    """
    means = []
    for arm in (rows.treated, ~rows.treated):
        weight = rows.weight[arm]
        means.append(float(weight @ rows.outcome[arm] / weight.sum()) if weight.sum() else float("nan"))
    return means[0] - means[1]


def effects_by_part(rows: UpliftRows, parts: int = 10) -> Floats:
    """The average effect in each of so many equal parts, highest predictions first: float64[parts].

    Customers with one prediction, of which only some fit in, are taken in the order of the rows; NaN where a part
    lacks an arm.
    """
    order = np.argsort(-rows.prediction, kind="stable")
    share = np.cumsum(rows.weight[order]) / rows.weight.sum()
    part = np.minimum((share * parts - 1e-9).astype(np.int64), parts - 1)
    found = []
    for each in range(parts):
        own = order[part == each]
        found.append(
            average_effect(UpliftRows(rows.prediction[own], rows.treated[own], rows.outcome[own], rows.weight[own]))
        )
    return np.array(found)


def concentration(rows: UpliftRows, share: float = 0.3) -> float:
    """How many times the average increment a customer of the best `share` brings: gain(s) / (s effect).

    NaN where the average effect is 0.
    """
    curve = qini_curve(rows)
    return curve.at(share) / (share * curve.effect) if curve.effect else float("nan")
