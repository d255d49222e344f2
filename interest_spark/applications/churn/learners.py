"""What learns: boosted trees on Spark, or logistic regression, whose weights a person can read.

Trees are grown by XGBoost's own estimator for Spark (Chen and Guestrin 2016), the logistic model by Spark MLlib. What
comes of either is text and numbers, no pickle, and tells of each row what each column adds to its score.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from interest_spark.models.boosted_trees import BoostedTrees, Floats

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LABEL, WEIGHT = "label", "weight"


class Learnt(Protocol):
    """A fitted learner."""

    def score(self, values: NDArray[np.float32]) -> Floats:
        """float64[n], higher for likelier churn; log odds as training saw them."""
        ...

    def contributions(self, values: NDArray[np.float32]) -> Floats:
        """What each column adds to the score, against what is usual: float64[n, columns]."""
        ...

    def as_json(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Trees:
    """Boosted trees."""

    trees: BoostedTrees

    def score(self, values: NDArray[np.float32]) -> Floats:
        return self.trees.margin(values)

    def contributions(self, values: NDArray[np.float32]) -> Floats:
        return self.trees.contributions(values)

    def as_json(self) -> Mapping[str, Any]:
        return {"kind": "trees", "model": json.loads(self.trees.text)}


@dataclass(frozen=True)
class Logistic:
    """intercept + weights · values; `means` of the training rows."""

    weights: Sequence[float]
    intercept: float
    means: Sequence[float]

    def score(self, values: NDArray[np.float32]) -> Floats:
        found: Floats = values.astype(np.float64) @ np.array(self.weights) + self.intercept
        return found

    def contributions(self, values: NDArray[np.float32]) -> Floats:
        found: Floats = (values.astype(np.float64) - np.array(self.means)) * np.array(self.weights)
        return found

    def as_json(self) -> Mapping[str, Any]:
        own = {"weights": list(self.weights), "intercept": self.intercept, "means": list(self.means)}
        return {"kind": "logistic", **own}


def learnt_from_json(found: Mapping[str, Any]) -> Learnt:
    """What `as_json` gave."""
    if found["kind"] == "trees":
        return Trees(BoostedTrees(json.dumps(found["model"])))
    return Logistic(found["weights"], found["intercept"], found["means"])


@dataclass(frozen=True)
class Growth:
    """How many trees of which depth; see the section `churn` of the configuration."""

    trees: int
    depth: int
    learning_rate: float
    workers: int
    seed: int


def grow_trees(rows: "DataFrame", columns: Sequence[str], growth: Growth) -> Trees:
    """Boosted trees from rows with `columns`, `label` and `weight`, in as many partitions as there are workers.

    Each Spark task keeps its partition and the order in it, so that equal rows give equal trees.
    """
    from xgboost.spark import SparkXGBClassifier

    estimator = SparkXGBClassifier(
        features_col=list(columns),
        label_col=LABEL,
        weight_col=WEIGHT,
        num_workers=growth.workers,
        n_estimators=growth.trees,
        max_depth=growth.depth,
        learning_rate=growth.learning_rate,
        subsample=0.8,
        colsample_bytree=0.5,
        min_child_weight=5.0,
        reg_lambda=5.0,
        tree_method="hist",
        max_bin=128,
        device="cpu",
        random_state=growth.seed,
        verbosity=0,
        verbose=False,
    )
    logging.getLogger("XGBoost-PySpark").setLevel(logging.WARNING)
    return Trees(BoostedTrees.of(estimator.fit(rows).get_booster()))


def fit_logistic(rows: "DataFrame", columns: Sequence[str]) -> Logistic:
    """Logistic regression with a light ridge on standardised columns; rows as for trees."""
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.stat import Summarizer

    assembled = VectorAssembler(inputCols=list(columns), outputCol="features").transform(rows)
    learner = LogisticRegression(labelCol=LABEL, weightCol=WEIGHT, regParam=0.003, maxIter=60)
    found = learner.fit(assembled)
    (row,) = assembled.select(Summarizer.mean(assembled["features"]).alias("means")).collect()
    return Logistic(found.coefficients.toArray().tolist(), float(found.intercept), row["means"].toArray().tolist())
