"""The Qini coefficient."""

import numpy as np

from interest_spark.metrics.uplift.curve import QiniCurve


def qini(curve: QiniCurve) -> float:
    """Area between the Qini curve and that of treating at random, as a share of the latter: Radcliffe (2007).

        q = 2 (area under gain(s), s from 0 to 1, - effect / 2) / |effect|

    0 is what chance gives, 1 is an area twice that of chance. It has no bound above, as the best possible curve of an
    outcome that is no yes or no is not known. NaN where the average effect is 0.

    >>> qini(QiniCurve(np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 1.0])))
    0.5
    """
    effect = curve.effect
    return 2 * qini_area(curve) / abs(effect) if effect else float("nan")


def qini_area(curve: QiniCurve) -> float:
    """The area itself, in the unit of the outcome a customer; it is defined where the average effect is none, too."""
    return float(np.diff(curve.share) @ (curve.gain[1:] + curve.gain[:-1])) / 2 - curve.effect / 2
