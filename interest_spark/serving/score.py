"""Bulk scoring: one pass over the day's sequences gives every user a vector, K suggestions, or a reason.

    sequences -> answers -> recommendations, user_vectors, unserved

The pass runs in one Python worker a core with one BLAS thread each. A worker reads the model once and
keeps a bounded number of users in memory; the driver sees no user at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from interest_spark.config.score import ScoreConfig
from interest_spark.features.blocks.user_attributes import with_user_attributes
from interest_spark.models.published import Model
from interest_spark.models.served import lists_of, load_model, user_attributes_of
from interest_spark.platform.python_worker import settled
from interest_spark.serving.popularity import read_popularity
from interest_spark.serving.recommender import Lists, Recommender, Suggestions
from interest_spark.serving.topk import NO_ITEM

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MODEL, POPULARITY = "model", "popularity"
"""Sources of a suggestion."""

TOO_FEW_CANDIDATES, BOT = "too_few_candidates", "bot"
"""Reasons in `unserved`."""

_ANSWERS = "user_id string, vector array<float>, item_id array<string>, score array<double>, source array<string>"


@dataclass(frozen=True)
class _Recipe:
    """All a worker needs; hashable, so that a process builds the recommender once."""

    model: Model
    popularity_files: tuple[str, ...]
    config: ScoreConfig


def answer_users(
    sequences: "DataFrame",
    model: Model,
    popularity_files: list[str],
    config: ScoreConfig,
    users: "DataFrame | None" = None,
) -> "DataFrame":
    """One row a user of `sequences`: `vector` (empty if the model cannot serve), and `item_id`, `score`, `source`
    best first. The rows of one user and of a partition are in an order that does not depend on the input's.

    users: rows of that table, for a model that looks at their attributes.
    """
    recipe = _Recipe(model, tuple(popularity_files), config)
    needed = sequences.select("user_id", "seen", *lists_of(model))
    needed = with_user_attributes(needed, users, user_attributes_of(model))
    by_user = needed.repartition("user_id").sortWithinPartitions("user_id")
    return by_user.mapInArrow(settled(partial(_answer, recipe)), _ANSWERS)


def recommendations(answers: "DataFrame", model: Model) -> "DataFrame":
    """One row a suggestion, without `dt`."""
    from pyspark.sql import functions as F

    ranked = answers.select("user_id", F.posexplode(F.arrays_zip("item_id", "score", "source")).alias("place", "item"))
    return ranked.select(
        "user_id",
        (F.col("place") + 1).alias("rank"),
        "item.item_id",
        "item.score",
        "item.source",
        F.lit(model.version).alias("model_version"),
    )


def user_vectors(answers: "DataFrame", model: Model) -> "DataFrame":
    """The vector of each user whom the model serves, without `dt`."""
    from pyspark.sql import functions as F

    served = answers.where(F.size("vector") > 0)
    return served.select("user_id", "vector", F.lit(model.version).alias("model_version"))


def unserved(answers: "DataFrame", bots: "DataFrame", config: ScoreConfig) -> "DataFrame":
    """Who has fewer than K suggestions, why, and how many, without `dt`."""
    from pyspark.sql import functions as F

    rows = F.size("item_id")
    short = answers.where(rows < config.k).select("user_id", F.lit(TOO_FEW_CANDIDATES), rows)
    return short.union(bots.select("user_id", F.lit(BOT), F.lit(0))).toDF("user_id", "reason", "rows")


def _answer(recipe: _Recipe, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    from threadpoolctl import threadpool_limits

    recommender = _recommender(recipe)
    step = recipe.config.batch_users
    with threadpool_limits(limits=1):
        for batch in batches:
            for start in range(0, batch.num_rows, step):
                part = batch.slice(start, step)
                suggestions = recommender.suggest(part, Lists.of_column(part["seen"]))
                yield _rows(part["user_id"], suggestions, recommender)


@lru_cache(maxsize=1)
def _recommender(recipe: _Recipe) -> Recommender:
    config = recipe.config
    popularity = read_popularity(recipe.popularity_files, config.blocked_items)
    return Recommender(load_model(recipe.model), popularity, config.k, config.exclude_seen, config.blocked_items)


def _rows(user_id: pa.Array, suggestions: Suggestions, recommender: Recommender) -> pa.RecordBatch:
    chosen = suggestions.choices != NO_ITEM
    choices = suggestions.choices[chosen]
    sources = pa.array([MODEL, POPULARITY]).take(pa.array((choices >= recommender.model_items).astype(np.int32)))
    lengths = chosen.sum(axis=1)
    columns = {
        "user_id": user_id,
        "vector": list_column(suggestions.served * suggestions.vectors.shape[1], pa.array(suggestions.vectors.ravel())),
        "item_id": list_column(lengths, recommender.item_ids.take(pa.array(choices))),
        "score": list_column(lengths, pa.array(suggestions.scores[chosen])),
        "source": list_column(lengths, sources),
    }
    return pa.RecordBatch.from_pydict(columns)


def list_column(lengths: np.ndarray, values: pa.Array) -> pa.ListArray:
    """Lists of these lengths of the values, one list after another."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, values)
