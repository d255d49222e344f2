"""How good uplift models of coupons are, and what coupons given by them bring, by held-out customers of campaigns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from interest_spark.applications.coupons.allocation import steps_of
from interest_spark.applications.coupons.fit import Fitted
from interest_spark.evaluation.statistics.paired import resample_sums
from interest_spark.evaluation.statistics.uplift import UPLIFT_RESAMPLES, Interval, percentiles, resampled
from interest_spark.metrics.uplift.curve import Floats, UpliftRows, qini_curve
from interest_spark.metrics.uplift.effect import average_effect, concentration, effects_by_part
from interest_spark.metrics.uplift.qini import qini, qini_area

BEST = 0.3
"""The share of customers whose increment `concentration` compares with the average one."""
PARTS = 10
_SHARES = np.linspace(0.0, 1.0, 21)
_FIGURES = (
    *(("effect", None), ("qini", None), ("qini_area", None), ("concentration", BEST)),
    *(("part", (place + 1) / PARTS) for place in range(PARTS)),
    *(("curve", float(share)) for share in _SHARES),
)

Row = Mapping[str, Any]


def judge(fitted: Fitted) -> Iterator[Row]:
    """Rows of `coupon_figures` on each coupon: its average effect, and how well the model orders customers."""
    for place, (coupon, held_out) in enumerate(fitted.held_out.items()):
        order = np.argsort(-held_out.predictions[:, place], kind="stable")  # sorted rows sort fast in each resample
        rows, keys = held_out.rows(place), held_out.key[order]
        rows = UpliftRows(rows.prediction[order], rows.treated[order], rows.outcome[order], rows.weight[order])
        values, drawn = _statistics(rows), resampled(_statistics, rows, keys)
        yield figure("sends", coupon, Interval(float(fitted.learnt[coupon]), None, None), fitted.learnt[coupon])
        for number, (name, share) in enumerate(_FIGURES):
            yield figure(name, coupon, percentiles(float(values[number]), drawn[:, number]), len(keys), share)


def _statistics(rows: UpliftRows) -> Floats:
    curve = qini_curve(rows)
    single = [average_effect(rows), qini(curve), qini_area(curve), concentration(rows, BEST)]
    return np.array([*single, *effects_by_part(rows, PARTS), *(curve.at(share) for share in _SHARES)])


def figure(name: str, coupon: str | None, found: Interval, rows: int, share: float | None = None) -> Row:
    """A row of `coupon_figures`."""
    bounds = {"value": found.value, "low": found.low, "high": found.high}
    return {"figure": name, "coupon": coupon, "share": share, **bounds, "rows": rows}


def expected_increment(fitted: Fitted, costs: Floats, price: float, given: Sequence[int]) -> Interval:
    """What so many of each coupon bring at a price, by what held-out customers did whom that price would have given it.

    The mean of their doubly robust scores times the number of customers. What models predict for the customers that
    they choose is too high, as chance has a part in who is chosen; what others of the same predictions did is not.
    """
    total, drawn = 0.0, np.zeros(UPLIFT_RESAMPLES)
    for place, held_out in enumerate(fitted.held_out.values()):
        if not given[place]:
            continue
        chosen = steps_of(held_out.predictions, costs, np.zeros(len(held_out.key))).chosen(price) == place
        if not chosen.any():
            return Interval(None, None, None)
        score = held_out.score[chosen]
        sums = resample_sums(held_out.key[chosen], score[:, None], UPLIFT_RESAMPLES, 0)
        total += given[place] * float(score.mean())
        none = np.full(UPLIFT_RESAMPLES, np.nan)
        drawn += given[place] * np.divide(sums[:, 1], sums[:, 0], out=none, where=sums[:, 0] > 0)
    return percentiles(total, drawn)
