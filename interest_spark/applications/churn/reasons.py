"""Why somebody is warned of, in words: what adds most to the score, with its meaning and the user's own value."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_spark.applications.churn.design import ALIVE, RHYTHM, STAYS_AWAY
from interest_spark.applications.churn.labels import HISTORY
from interest_spark.schemas.customer_features import FEATURES, MEASURES

_BY_NAME = {each.name: each for each in FEATURES}
_INDICATED = {each.indicator: each.name for each in FEATURES if each.indicator}
_RHYTHM_WORDS = {
    RHYTHM: "somebody of this rhythm should be back within {value:.0f} days",
    ALIVE: "by the rhythm of purchases (BG/NBD) the customer is still there with probability {value:.0%}",
    STAYS_AWAY: "by the rhythm of purchases (BG/NBD) nothing is bought in time with probability {value:.0%}",
    HISTORY[0]: "came back on {value:.0f} days so far",
    HISTORY[1]: "{value:.0f} days between the first and the last time",
    HISTORY[2]: "first came {value:.0f} days ago",
}
_WORDS = {
    "total": "{value:.3g} {unit} in the last {days} days ({of})",
    "active_days": "{of} on {value:.0f} of the last {days} days",
    "since_last": "the last day with {of} is {value:.0f} days ago",
    "since_first": "the first day with {of} within {days} days is {value:.0f} days ago",
    "ratio": "{of} over {per} is {value:.3g} in the last {days} days",
    "decayed": "{value:.3g} {unit} lately ({of}, older ones counting less)",
    "trend": "{change} {of} in the last {days} days than in as many before",
    "ratio_trend": "{of} per {per}: {value:+.2g} in the last {days} days against as many before",
    "overdue": "the wait since the last day with {of} is {value:.2g} times the usual one",
    "interval": "{statistic} of the days between days with {of} is {value:.3g}",
    "top": "mostly {interest} {value}",
    "top_share": "{value:.0%} of events are of the first {interest}",
    "share": "{value:.0%} of events are of {interest} {name}",
    "entropy": "spread over each {interest}: {value:.2g} bits",
    "level": "mean {interest} is {value:.2g}, from 1",
    "distinct": "{value:.0f} different {interest} values in the last {days} days",
    "novelty": "{value:.0%} of the events of the last {days} days are of a new {interest}",
    "shift": "of each {interest}, {value:.0%} has moved elsewhere in the last {days} days",
}
"""How a value is said, by kind of feature."""
_NONE = "no {of} within {days} days"


def feature_of(column: str) -> str:
    """The feature that a column of the learner is of: codes and indicators count with their feature.

    >>> feature_of("top_category=garden"), feature_of("top_category_missing")
    ('top_category', 'top_category')
    """
    name = column.split("=", 1)[0]
    return _INDICATED.get(name, name)


def reasons_of(
    columns: Sequence[str], contributions: NDArray[np.float64], rows: pl.DataFrame, most: int
) -> list[list[str]]:
    """Up to `most` sentences for each row, the strongest first: of features that make churn likelier, and no others.

    contributions: float64[n, columns], as the learner tells them; rows: the n rows of `at_risk`, with what BG/NBD says.
    """
    names = list(dict.fromkeys(feature_of(each) for each in columns))
    place = np.array([names.index(feature_of(each)) for each in columns])
    summed = np.zeros((len(rows), len(names)))
    np.add.at(summed.T, place, contributions.T)
    order = np.argsort(-summed, axis=1, kind="stable")[:, :most]
    values = {name: rows[name].to_list() for name in names}
    return [
        [
            f"{sentence(names[which], values[names[which]][row])} (+{summed[row, which]:.2f})"
            for which in order[row]
            if summed[row, which] > 0
        ]
        for row in range(len(rows))
    ]


def sentence(name: str, value: Any) -> str:
    """What a feature says of somebody.

    >>> sentence("days_since_cart", 53), sentence("events_trend_30d", -0.69)
    ('the last day with cart events is 53 days ago', '50 % fewer events in the last 30 days than in as many before')
    """
    feature = _BY_NAME.get(name)
    if feature is None:
        return _RHYTHM_WORDS[name].format(value=value)
    of, per = (MEASURES[each].meaning if each else "" for each in (feature.of, feature.per))
    words = {"of": of, "per": per, "unit": feature.unit, "days": feature.days, "interest": feature.interest}
    words |= {"statistic": feature.statistic, "name": feature.value}
    if value is None:
        absent = feature.kind in ("since_last", "since_first")
        return _NONE.format(**words) if absent else f"{feature.formula}: not known"
    if feature.kind == "trend":
        words["change"] = f"{abs(np.expm1(value)):.0%} {'fewer' if value < 0 else 'more'}"
    return _WORDS[feature.kind].format(value=value, **words).replace("%", " %").replace("  %", " %")
