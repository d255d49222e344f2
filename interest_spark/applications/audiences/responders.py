"""Models of customers on Spark: learnt in one task from a bounded sample, and everybody scored where their rows lie."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.models.customer_trees import Auc, CustomerTrees, auc_with_interval, fit_trees, judge_trees
from interest_spark.platform.python_worker import settled
from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FEATURES = tuple(name for name in TABLES["customer_features"].names if name != "user_id")
FEWEST = 20
"""Of either kind: from fewer nothing is learnt."""
FOLDS = 5
_MADE = ("user_id", "sampled_of", "is_positive", "fold")
_FITTED = "model string, auc double, low double, high double, positives long, rows long"


@dataclass(frozen=True)
class Fitted:
    """A model, its AUC on rows that it had not learnt from, and how many `positives` it has learnt from.

    `model` is None where there were too few of either kind, as `reason` says.
    """

    model: CustomerTrees | None
    auc: Auc | None
    positives: int
    reason: str | None = None


def fit(rows: "DataFrame", sample: int, fold: "Column") -> Fitted:
    """Learn from `user_id`, `is_positive` and the features.

    Of both kinds no more than about `sample` rows enter, chosen by a hash of the id, and weigh as many as they stand
    for. `fold`: of a user and row, NEVER_JUDGED or the number of the part that is judged by what the others teach.
    """
    from pyspark.sql import functions as F

    counts = {row["is_positive"]: row["count"] for row in rows.groupBy("is_positive").count().collect()}
    positives, others = counts.get(True, 0), counts.get(False, 0)
    if min(positives, others) < FEWEST:
        what = f"{positives} of the kind that is looked for and {others} others are known; it takes {FEWEST} of each"
        return Fitted(None, None, positives, what)
    share = {True: min(1.0, sample / positives), False: min(1.0, sample / others)}
    kept = F.when(F.col("is_positive"), share[True]).otherwise(share[False])
    drawn = rows.withColumn("sampled_of", kept).withColumn("fold", fold)
    drawn = drawn.where(F.pmod(F.xxhash64("user_id", F.lit("sample")), F.lit(1 << 30)) < kept * (1 << 30))
    (row,) = drawn.select(*_MADE, *FEATURES).coalesce(1).mapInArrow(settled(_fit_in_task), _FITTED).collect()
    found = Auc(row["auc"], row["low"], row["high"]) if row["auc"] == row["auc"] else None
    return Fitted(CustomerTrees.from_json(row["model"]), found, row["positives"])


def folds_of_users() -> "Column":
    """The fold of each user, the same wherever they appear."""
    from pyspark.sql import functions as F

    return F.pmod(F.xxhash64("user_id", F.lit("fold")), F.lit(FOLDS))


def score(features: "DataFrame", model: CustomerTrees) -> "DataFrame":
    """`user_id` and `score` of each row of features."""
    text, columns = model.to_json(), model.encoding.columns
    return features.select("user_id", *columns).mapInArrow(settled(_scoring(text)), "user_id string, score double")


def _scoring(text: str) -> "Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]":
    def score_in_task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        model = CustomerTrees.from_json(text)
        for batch in batches:
            rows = pl.DataFrame(batch)
            columns = {"user_id": batch.column("user_id"), "score": pa.array(model.scores(rows), pa.float64())}
            yield pa.RecordBatch.from_pydict(columns)

    return score_in_task


def _fit_in_task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    parts: Sequence[pl.DataFrame] = [pl.DataFrame(batch) for batch in batches]
    if not parts:
        return
    rows = pl.concat(parts)
    rows = rows.sort("user_id", "fold", "is_positive", *FEATURES)  # partitions come in no order
    label, weight = rows["is_positive"].cast(pl.Float64).to_numpy(), (1 / rows["sampled_of"]).to_numpy()
    judged = judge_trees(rows, FEATURES, label, weight, rows["fold"].cast(pl.Int64).to_numpy())
    found = auc_with_interval(*judged) if len(judged[0]) else Auc(np.nan, np.nan, np.nan)
    model = fit_trees(rows, FEATURES, label, weight)
    columns = {
        "model": [model.to_json()],
        "auc": [found.value],
        "low": [found.low],
        "high": [found.high],
        "positives": [int(label.sum())],
        "rows": [len(rows)],
    }
    yield pa.RecordBatch.from_pydict(columns)
