"""What stands in for features that are not known, learnt from training days alone.

`fit` looks at rows of the days that are learnt from, `fill` completes rows of any day with what was found there: what
is judged, or scored, has no part in what fills it. Where values are missing depends on other columns, leaving rows out
biases a mean, and so does filling it in; a regression on what is always known does not (Little and Rubin, Statistical
Analysis with Missing Data, 2019). The indicator stays: that a value is missing often says more than the value.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_spark.schemas.customer_features import FEATURES, Feature

RIDGE = 1.0
"""What squared weights of standardised columns cost, in rows."""


@dataclass(frozen=True)
class Regression:
    """A linear model of one feature: `intercept + weights · (columns - means) / scales`, within what was seen."""

    columns: tuple[str, ...]
    means: np.ndarray
    scales: np.ndarray
    weights: np.ndarray
    intercept: float
    seen: tuple[float, float]

    def predict(self, rows: pl.DataFrame) -> np.ndarray:
        """float64[rows]."""
        given = rows.select(self.columns).cast(pl.Float64).to_numpy()
        found: np.ndarray = self.intercept + (given - self.means) / self.scales @ self.weights
        return np.clip(found, *self.seen)


@dataclass(frozen=True)
class Fill:
    """What one feature gets where it is missing: `value`, or that of its group, or what the `regression` says."""

    feature: Feature
    value: float | int | str | None
    by_group: Mapping[str, float]
    regression: Regression | None = None

    def expression(self, rows: pl.DataFrame) -> pl.Expr:
        """The filled column."""
        column, kind = pl.col(self.feature.name), rows.schema[self.feature.name]
        if self.regression is not None:
            return column.cast(pl.Float64).fill_null(pl.Series(self.regression.predict(rows)))
        if self.by_group:
            group = pl.col(self.feature.by).replace_strict(self.by_group, default=None, return_dtype=pl.Float64)
            column = pl.coalesce(column.cast(pl.Float64), group)
        elif isinstance(self.value, float) and kind.is_integer():
            column = column.cast(pl.Float64)
        return column.fill_null(pl.lit(self.value)) if self.value is not None else column


def fit(training: pl.DataFrame, features: tuple[Feature, ...] = FEATURES) -> list[Fill]:
    """From rows of `customer_features` of the training days, nulls among them, to what fills each feature."""
    always = tuple(
        each.name for each in features if each.missing == "never" and training.schema[each.name].is_numeric()
    )
    return [_fitted(each, training, always) for each in features if each.missing not in ("never", "drop")]


def fill(rows: pl.DataFrame, fills: list[Fill], features: tuple[Feature, ...] = FEATURES) -> pl.DataFrame:
    """The rows without a null in what has a fill, each filled column marked by its indicator.

    Rows that lack a feature declared `drop` are left out. What the training days know no value of stays null.
    """
    dropped = [each.name for each in features if each.missing == "drop"]
    kept = rows.drop_nulls(dropped) if dropped else rows
    indicators = {
        each.feature.indicator: pl.col(each.feature.name).is_null() for each in fills if each.feature.indicator
    }
    return kept.with_columns(**indicators).with_columns(**{each.feature.name: each.expression(kept) for each in fills})


def _fitted(feature: Feature, training: pl.DataFrame, always: tuple[str, ...]) -> Fill:
    known = training.filter(pl.col(feature.name).is_not_null())
    values = known[feature.name]
    if not len(known):
        return Fill(feature, 0 if feature.missing == "zero" else None, {})
    if feature.missing == "model":
        return Fill(feature, None, {}, regression(known, feature.name, always))
    if feature.missing == "group":
        means = known.drop_nulls(feature.by).group_by(feature.by).agg(pl.col(feature.name).mean())
        return Fill(feature, _number(values.mean()), dict(means.iter_rows()))
    return Fill(feature, _STATISTICS[feature.missing](values), {})


_STATISTICS = {
    "zero": lambda values: 0,
    "mean": lambda values: _number(values.mean()),
    "median": lambda values: _number(values.median()),
    "mode": lambda values: values.mode().sort()[0],
}


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def regression(known: pl.DataFrame, target: str, columns: tuple[str, ...]) -> Regression:
    """Ridge regression of the target on standardised columns (Hoerl and Kennard, Technometrics 12, 1970)."""
    given = known.select(columns).cast(pl.Float64).to_numpy()
    wanted = known[target].cast(pl.Float64).to_numpy()
    means, scales = given.mean(axis=0), given.std(axis=0)
    scales = np.where(scales > 0, scales, 1.0)
    standard = (given - means) / scales
    squares = standard.T @ standard + RIDGE * np.eye(len(columns))
    intercept = float(wanted.mean())
    weights = np.linalg.solve(squares, standard.T @ (wanted - intercept))
    return Regression(columns, means, scales, weights, intercept, (float(wanted.min()), float(wanted.max())))
