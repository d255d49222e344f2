"""Models of customers on Spark: each learnt in a task from a bounded sample; all are scored where their rows lie."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.applications.audiences.members import together
from interest_spark.models.customer_trees import Auc, CustomerTrees, auc_with_interval, fit_trees, judge_trees
from interest_spark.platform.python_worker import settled
from interest_spark.schemas.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FEATURES = tuple(name for name in TABLES["customer_features"].names if name != "user_id")
FEWEST = 20
"""Of either kind: from fewer nothing is learnt."""
FOLDS = 5
_MADE = ("place", "user_id", "sampled_of", "is_positive", "fold")
_FITTED = "place int, model string, auc double, low double, high double, positives long"


@dataclass(frozen=True)
class Lesson:
    """What one model is to learn: `rows` of `user_id`, `is_positive` and the features, of either kind about `sample`.

    `fold`: of a user and row, NEVER_JUDGED or the number of the part that is judged by what the others teach.
    """

    rows: "DataFrame"
    sample: int
    fold: "Column"


@dataclass(frozen=True)
class Fitted:
    """A model, its AUC on rows that it had not learnt from, and how many `positives` it has learnt from.

    `model` is None where there were too few of either kind, as `reason` says.
    """

    model: CustomerTrees | None
    auc: Auc | None
    positives: int
    reason: str | None = None


def fit(lessons: Mapping[int, Lesson]) -> dict[int, Fitted]:
    """A model for each of the lessons, side by side: each is learnt in a task of its own.

    Rows are sampled by a hash of the id, and weigh as many as they stand for.
    """
    if not lessons:
        return {}
    counted = _count(lessons)
    found: dict[int, Fitted] = {}
    drawn = []
    for place, lesson in lessons.items():
        positives, others = counted.get((place, True), 0), counted.get((place, False), 0)
        if min(positives, others) >= FEWEST:
            drawn.append(_drawn(place, lesson, positives, others))
            continue
        what = f"{positives} of the kind that is looked for and {others} others are known; it takes {FEWEST} of each"
        found[place] = Fitted(None, None, positives, what)
    for row in together(drawn).mapInArrow(settled(_fit_in_task), _FITTED).collect() if drawn else []:
        auc = Auc(row["auc"], row["low"], row["high"]) if row["auc"] == row["auc"] else None
        found[row["place"]] = Fitted(CustomerTrees.from_json(row["model"]), auc, row["positives"])
    return found


def _count(lessons: Mapping[int, Lesson]) -> dict[tuple[int, bool], int]:
    """Rows by place and kind."""
    from pyspark.sql import functions as F

    kinds = [each.rows.select(F.lit(place).alias("place"), "is_positive") for place, each in lessons.items()]
    counts = together(kinds).groupBy("place", "is_positive").count().collect()
    return {(row["place"], row["is_positive"]): row["count"] for row in counts}


def _drawn(place: int, lesson: Lesson, positives: int, others: int) -> "DataFrame":
    """The sample, in one partition."""
    from pyspark.sql import functions as F

    share = {True: min(1.0, lesson.sample / positives), False: min(1.0, lesson.sample / others)}
    kept = F.when(F.col("is_positive"), share[True]).otherwise(share[False])
    marked = lesson.rows.withColumns({"place": F.lit(place), "sampled_of": kept, "fold": lesson.fold})
    drawn = marked.where(F.pmod(F.xxhash64("user_id", F.lit("sample")), F.lit(1 << 30)) < kept * (1 << 30))
    return drawn.select(*_MADE, *FEATURES).coalesce(1)


def folds_of_users() -> "Column":
    """The fold of each user, the same wherever they appear."""
    from pyspark.sql import functions as F

    return F.pmod(F.xxhash64("user_id", F.lit("fold")), F.lit(FOLDS))


def score(features: "DataFrame", models: Mapping[int, CustomerTrees]) -> "DataFrame":
    """`user_id` of each row of features, and the score by each model, in a column `scored_by` its place."""
    texts = {place: model.to_json() for place, model in models.items()}
    columns = sorted({name for model in models.values() for name in model.encoding.columns})
    schema = ", ".join(["user_id string", *(f"`{scored_by(place)}` double" for place in models)])
    return features.select("user_id", *columns).mapInArrow(settled(_scoring(texts)), schema)


def scored_by(place: int) -> str:
    """The column of the scores that the model at that place gives."""
    return f"score {place}"


def _scoring(texts: Mapping[int, str]) -> "Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]":
    def score_in_task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        models = {place: CustomerTrees.from_json(text) for place, text in texts.items()}
        for batch in batches:
            rows = pl.DataFrame(batch)
            scores = {scored_by(place): pa.array(model.scores(rows), pa.float64()) for place, model in models.items()}
            yield pa.RecordBatch.from_pydict({"user_id": batch.column("user_id"), **scores})

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
        "place": pa.array([rows["place"][0]], pa.int32()),
        "model": [model.to_json()],
        "auc": [found.value],
        "low": [found.low],
        "high": [found.high],
        "positives": [int(label.sum())],
    }
    yield pa.RecordBatch.from_pydict(columns)
