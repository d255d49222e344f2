"""Gradient-boosted trees on customer features: how likely a person is of one kind and not of another.

Trees are boosted with logistic loss. A value that is not known goes
the way at each split that the training rows found better, so nothing has to be filled in; of a column of texts, each of
the most frequent ones is a column of its own. One thread and a fixed seed: the same rows give the same model.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_spark.metrics.scored.auc import auc
from interest_spark.metrics.scored.scored import Scored
from interest_spark.models.boosted_trees import BoostedTrees, Floats

ROUNDS = 150
_PARAMETERS = {
    "objective": "binary:logistic",
    "eta": 0.08,
    "max_depth": 4,
    "min_child_weight": 4.0,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "lambda": 2.0,
    "tree_method": "hist",
    "nthread": 1,
    "seed": 1,
}
_MOST_TEXTS = 16
NEVER_JUDGED = -1
"""The fold of rows that are only learnt from."""


@dataclass(frozen=True)
class Encoding:
    """Features to numbers: `numbers` as they are, of each column of texts whether it is one of `texts`."""

    numbers: tuple[str, ...]
    texts: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, rows: pl.DataFrame, columns: Sequence[str]) -> "Encoding":
        """From training rows: the most frequent texts of each column, equally frequent ones in their order."""
        texts = {}
        for name in (each for each in columns if rows.schema[each] == pl.String):
            counts = rows.select(pl.col(name).drop_nulls()).group_by(name).len()
            texts[name] = tuple(counts.sort("len", name, descending=[True, False])[name].head(_MOST_TEXTS))
        return cls(tuple(each for each in columns if each not in texts), texts)

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that are read."""
        return (*self.numbers, *self.texts)

    def matrix(self, rows: pl.DataFrame) -> NDArray[np.float32]:
        """float32[rows, features], NaN where a value is not known."""
        numbers = [pl.col(name).cast(pl.Float32).fill_null(math.nan) for name in self.numbers]
        is_text = [
            (pl.col(name) == text).cast(pl.Float32).fill_null(0.0).alias(f"{name} {place}")
            for name, known in self.texts.items()
            for place, text in enumerate(known)
        ]
        return rows.select(*numbers, *is_text).to_numpy()


@dataclass(frozen=True)
class CustomerTrees:
    """A fitted model, as plain data."""

    encoding: Encoding
    trees: BoostedTrees

    def scores(self, rows: pl.DataFrame) -> Floats:
        """How likely each row is positive: float64[rows], from 0 to 1."""
        return self.trees.predict(self.encoding.matrix(rows))

    def to_json(self) -> str:
        """As text, for `from_json`."""
        texts = {name: list(known) for name, known in self.encoding.texts.items()}
        return json.dumps({"numbers": self.encoding.numbers, "texts": texts, "trees": self.trees.text})

    @classmethod
    def from_json(cls, text: str) -> "CustomerTrees":
        """The model of `to_json`."""
        given = json.loads(text)
        texts = {name: tuple(known) for name, known in given["texts"].items()}
        return cls(Encoding(tuple(given["numbers"]), texts), BoostedTrees(given["trees"]))


def fit_trees(rows: pl.DataFrame, columns: Sequence[str], label: Floats, weight: Floats) -> CustomerTrees:
    """Learn `label` (0 or 1, float64[rows]) from these columns, each row counting `weight` times."""
    import xgboost

    encoding = Encoding.of(rows, columns)
    data = xgboost.DMatrix(encoding.matrix(rows), label, weight=weight, missing=math.nan)
    booster = xgboost.train(_PARAMETERS, data, ROUNDS)
    return CustomerTrees(encoding, BoostedTrees.of(booster))


@dataclass(frozen=True)
class Auc:
    """P(a positive row has a higher score than a negative one), with its 95 % interval; NaN where a kind is absent."""

    value: float
    low: float
    high: float


def auc_with_interval(label: Floats, score: Floats) -> Auc:
    """The interval is that of Hanley and McNeil (Radiology 143, 1982), which takes scores for exponential ones."""
    found, positives = auc(Scored.of_rows(label, score)), float(label.sum())
    negatives = len(label) - positives
    if math.isnan(found):
        return Auc(math.nan, math.nan, math.nan)
    both_above, both_below = found / (2 - found), 2 * found**2 / (1 + found)
    spread = found * (1 - found) + (positives - 1) * (both_above - found**2) + (negatives - 1) * (both_below - found**2)
    half = 1.959963984540054 * math.sqrt(max(spread, 0.0) / (positives * negatives))
    return Auc(found, max(found - half, 0.0), min(found + half, 1.0))


def judge_trees(
    rows: pl.DataFrame, columns: Sequence[str], label: Floats, weight: Floats, fold: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Labels and scores of all rows whose fold is 0 or higher, each by a model that has learnt the others alone."""
    labels, scores = [np.empty(0)], [np.empty(0)]
    for number in np.unique(fold[fold != NEVER_JUDGED]):
        judged = fold == number
        if len(np.unique(label[~judged])) < 2:
            continue
        model = fit_trees(rows.filter(~judged), columns, label[~judged], weight[~judged])
        labels.append(label[judged])
        scores.append(model.scores(rows.filter(judged)))
    return np.concatenate(labels), np.concatenate(scores)
