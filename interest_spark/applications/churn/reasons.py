"""Why somebody is warned of, in words: what adds most to the score, with its meaning and the user's own value."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_spark.applications.churn.design import ALIVE, RHYTHM, STAYS_AWAY
from interest_spark.schemas.customer_features import FEATURES, Feature

_BY_NAME = {each.name: each for each in FEATURES}
_INDICATED = {each.indicator: each.name for each in FEATURES if each.indicator}
_OF_RHYTHM = {
    RHYTHM: "the days within which somebody of this rhythm should be back",
    ALIVE: "how likely the purchase rhythm (BG/NBD) says that the customer has not left for ever",
    STAYS_AWAY: "how likely the purchase rhythm (BG/NBD) says that nothing is bought in time",
}


def feature_of(column: str) -> str:
    """The feature that a column of the learner is of: codes and indicators count with their feature.

    >>> feature_of("top_category=garden"), feature_of("top_category_missing")
    ('top_category', 'top_category')
    """
    name = column.split("=", 1)[0]
    return _INDICATED.get(name, name)


def meaning_of(name: str) -> str:
    """What a feature says, in words."""
    feature = _BY_NAME.get(name)
    return _OF_RHYTHM[name] if feature is None else feature.formula


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
            f"{_said(names[which], values[names[which]][row])} (adds {summed[row, which]:.2f})"
            for which in order[row]
            if summed[row, which] > 0
        ]
        for row in range(len(rows))
    ]


def _said(name: str, value: object) -> str:
    feature = _BY_NAME.get(name)
    if value is None:
        return f"{meaning_of(name)}: none"
    if not isinstance(value, float):
        return f"{meaning_of(name)}: {value}{_unit(feature)}"
    return f"{meaning_of(name)}: {value:.3g}{_unit(feature)}"


def _unit(feature: Feature | None) -> str:
    return f" {feature.unit}" if feature is not None and feature.type != "string" else ""
