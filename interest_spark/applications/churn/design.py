"""Rows of features to the numbers that a learner sees: filled, names as codes, then a column for each code.

All that this takes (fills, the names that have a code, the rhythm of purchases) is learnt from training rows alone and
stands in the model as JSON.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_spark.applications.churn.bgnbd import BgNbd
from interest_spark.applications.churn.labels import HISTORY, Target, horizon_of, purchases_of
from interest_spark.features.customers.missing import Fill, Regression, fill, fit
from interest_spark.schemas.customer_features import FEATURES

Matrix = NDArray[np.float64]

RHYTHM, ALIVE, STAYS_AWAY = "rhythm_days", "bgnbd_alive", "bgnbd_stays_away"
OF_RHYTHM = (RHYTHM, ALIVE, STAYS_AWAY)
"""Columns beside the features: the own horizon, and what BG/NBD says, so that trees need not find it anew."""

MOST_LEVELS = 8
"""How many names of a feature have a code: the most frequent ones. All others have 0."""

_BY_NAME = {each.name: each for each in FEATURES}
_TEXTS = tuple(each.name for each in FEATURES if each.type == "string")
_NUMBERS = tuple(each.name for each in FEATURES if each.type != "string")
_INDICATORS = tuple(each.indicator for each in FEATURES if each.indicator)


@dataclass(frozen=True)
class Design:
    """`columns` of numbers and codes, those that vary; `levels`: the names of each code, from 1, by feature."""

    columns: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    fills: tuple[Fill, ...]
    bgnbd: BgNbd | None
    target: Target
    gap_days: int
    definition: str
    horizon_days: int

    def baseline(self, rows: pl.DataFrame) -> Matrix:
        """What BG/NBD alone says, of rows of `at_risk`: P(churn), float64[n]; the base rate's place where it cannot."""
        if self.bgnbd is None:
            return np.full(len(rows), np.nan)
        days = horizon_of(rows, self.definition, self.horizon_days)
        return self.bgnbd.stays_away(purchases_of(rows, self.target), float(self.gap_days), days)

    def coded(self, rows: pl.DataFrame) -> Matrix:
        """Of rows of `at_risk`: float64[n, columns], a name as its code."""
        return self._all(rows).select(self.columns).to_numpy()

    def _all(self, rows: pl.DataFrame) -> pl.DataFrame:
        filled = fill(rows, list(self.fills))
        alive = np.full(len(rows), np.nan)
        if self.bgnbd is not None:
            alive = self.bgnbd.alive(purchases_of(rows, self.target))
        codes = [
            pl.col(name).replace_strict({value: place for place, value in enumerate(levels, 1)}, default=0).alias(name)
            for name, levels in self.levels.items()
        ]
        history = HISTORY if HISTORY[0] in rows.columns else ()
        numbers = (*_NUMBERS, *_INDICATORS, RHYTHM, *history)
        found = filled.select(*(pl.col(name).cast(pl.Float64).fill_null(0.0) for name in numbers), *codes)
        return found.with_columns(
            pl.col(*self.levels).cast(pl.Float64) if self.levels else [],
            pl.Series(ALIVE, alive),
            pl.Series(STAYS_AWAY, self.baseline(rows)),
        )

    @property
    def categorical(self) -> NDArray[np.bool_]:
        """Which columns hold codes or yes and no, between which there is nothing: bool[columns]."""
        kinds = {*self.levels, *_INDICATORS}
        return np.array([name in kinds for name in self.columns])

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of `expanded`: a code's is `feature=name`."""
        found: list[str] = []
        for name in self.columns:
            found += [f"{name}={value}" for value in self.levels[name]] if name in self.levels else [name]
        return tuple(found)

    def expanded(self, coded: Matrix) -> NDArray[np.float32]:
        """float32[n, names], a column of 0 and 1 for each code."""
        parts = []
        for place, name in enumerate(self.columns):
            column = coded[:, place : place + 1]
            parts.append(column == np.arange(1, len(self.levels[name]) + 1) if name in self.levels else column)
        return np.concatenate(parts, axis=1).astype(np.float32) if parts else np.zeros((len(coded), 0), np.float32)

    def as_json(self) -> dict[str, Any]:
        fills = [
            {
                "feature": each.feature.name,
                "value": each.value,
                "by_group": dict(each.by_group),
                "regression": None if each.regression is None else _regression_to_json(each.regression),
            }
            for each in self.fills
        ]
        own = {"columns": list(self.columns), "levels": {name: list(each) for name, each in self.levels.items()}}
        rules = {name: getattr(self, name) for name in ("gap_days", "definition", "horizon_days")}
        bgnbd = None if self.bgnbd is None else asdict(self.bgnbd)
        return {**own, **rules, "fills": fills, "bgnbd": bgnbd, "target": asdict(self.target)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Design":
        fills = [
            Fill(_BY_NAME[each["feature"]], each["value"], each["by_group"], _regression_from_json(each["regression"]))
            for each in found["fills"]
        ]
        return cls(
            columns=tuple(found["columns"]),
            levels={name: tuple(each) for name, each in found["levels"].items()},
            fills=tuple(fills),
            bgnbd=None if found["bgnbd"] is None else BgNbd(**found["bgnbd"]),
            target=Target(**found["target"]),
            **{name: found[name] for name in ("gap_days", "definition", "horizon_days")},
        )


def fit_design(training: pl.DataFrame, bgnbd: BgNbd | None, target: Target, **rules: Any) -> Design:
    """What training rows tell; columns that never vary among them are left out. `rules`: the last three of Design."""
    fills = tuple(fit(training))
    filled = fill(training, list(fills))
    levels = {name: _levels(filled[name]) for name in _TEXTS}
    every = Design((), {name: each for name, each in levels.items() if each}, fills, bgnbd, target, **rules)
    found = every._all(training)
    varies = [name for name in found.columns if found[name].n_unique() > 1 and not found[name].is_nan().any()]
    kept = {name: each for name, each in every.levels.items() if name in varies}
    return Design(tuple(varies), kept, fills, bgnbd, target, **rules)


def _levels(values: pl.Series) -> tuple[str, ...]:
    """The most frequent names, equal ones in their order."""
    name = values.name
    counted = values.drop_nulls().value_counts(name="rows").sort("rows", name, descending=[True, False])
    return tuple(counted[name].head(MOST_LEVELS))


def _regression_to_json(found: Regression) -> dict[str, Any]:
    arrays = {name: getattr(found, name).tolist() for name in ("means", "scales", "weights")}
    return {"columns": list(found.columns), **arrays, "intercept": found.intercept, "seen": list(found.seen)}


def _regression_from_json(found: Mapping[str, Any] | None) -> Regression | None:
    if found is None:
        return None
    means, scales, weights = (np.array(found[name], np.float64) for name in ("means", "scales", "weights"))
    low, high = found["seen"]
    return Regression(tuple(found["columns"]), means, scales, weights, found["intercept"], (low, high))
