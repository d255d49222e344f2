"""A day's suggestions judged by what their users did in the days after, beside two baselines.

The split is at one instant for everybody: what was suggested at the end of day C, made only from what
was known then, is judged by the events after it. Splitting each user's own history instead would let a
model learn from other users' later days what becomes popular, and its figures would not be met in service.

All contenders answer for the same users, under the same rules about seen and blocked items, and are held against
the same relevant items: `model` (the published lists, popularity fill-ins included) and the baselines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from interest_spark.config.score import ScoreConfig
from interest_spark.evaluation.intervals import mean_with_interval
from interest_spark.metrics.registry import METRICS
from interest_spark.serving.score import BOT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MODEL = "model"
"""The contender that was published."""


@dataclass(frozen=True)
class Horizon:
    """The events that judge: `start` <= event_time < `end`, both UTC, with one of `behaviors`."""

    start: datetime
    end: datetime
    behaviors: tuple[str, ...]


def answered_users(recommendations: "DataFrame", unserved: "DataFrame", bots: "DataFrame") -> "DataFrame":
    """The distinct user_id of everyone who got a suggestion or a reason, without machines."""
    from pyspark.sql import functions as F

    reasons = unserved.where(F.col("reason") != BOT)
    everyone = recommendations.select("user_id").union(reasons.select("user_id")).distinct()
    return everyone.join(bots, "user_id", how="left_anti")


def relevant_items(events: "DataFrame", horizon: Horizon, users: "DataFrame") -> "DataFrame":
    """Distinct (user_id, item_id) of the users' events within the horizon."""
    from pyspark.sql import functions as F

    time = F.col("event_time")
    inside = (time >= F.lit(horizon.start)) & (time < F.lit(horizon.end)) & F.col("behavior").isin(*horizon.behaviors)
    pairs = events.where(inside).select("user_id", "item_id").distinct()
    return pairs.join(users, "user_id", how="left_semi")


def drop_unsuggestable(
    relevant: "DataFrame", sequences: "DataFrame", vocab: "DataFrame", score: ScoreConfig
) -> "DataFrame":
    """Leave out what no list may hold: blocked items and, with `exclude_seen`, what the user had seen by C.

    Returns one row a user with something relevant: user_id, `relevant` (item ids, ascending), `seen` (item_index).
    """
    from pyspark.sql import functions as F

    indexed = relevant.join(vocab.select("item_id", "item_index"), "item_id", how="left")
    pairs = indexed.join(sequences.select("user_id", "seen"), "user_id", how="inner")
    if score.exclude_seen:
        # Items that had no index at C were not seen by C.
        pairs = pairs.where(~F.coalesce(F.array_contains("seen", F.col("item_index")), F.lit(False)))
    pairs = pairs.where(~F.col("item_id").isin(*score.blocked_items))
    return pairs.groupBy("user_id").agg(
        F.sort_array(F.collect_list("item_id")).alias("relevant"), F.any_value("seen").alias("seen")
    )


def published_lists(recommendations: "DataFrame") -> "DataFrame":
    """One row a user: `model`, the item ids by rank, and the `source` of the first."""
    from pyspark.sql import functions as F

    ranked = recommendations.groupBy("user_id").agg(
        F.sort_array(F.collect_list(F.struct("rank", "item_id", "source"))).alias("ranked")
    )
    return ranked.select("user_id", F.col("ranked.item_id").alias(MODEL), F.col("ranked")[0]["source"].alias("source"))


def figures(lists: "DataFrame", contenders: Sequence[str], metrics: Sequence[str], k: int) -> "DataFrame":
    """(slice, metric, value), one row a user, contender and metric, and the model's once more by source.

    `lists` has `relevant`, `source` and one array of item ids per contender, null for no list at all.
    """
    schema = "slice string, metric string, value double"
    columns = lists.select("relevant", "source", *contenders)
    return columns.mapInArrow(partial(_per_user, tuple(contenders), tuple(metrics), k), schema)


def _per_user(
    contenders: Sequence[str], metrics: Sequence[str], k: int, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        relevant = [set(items) for items in batch["relevant"].to_pylist()]
        counts = np.array([len(items) for items in relevant], np.int64)
        sources = batch["source"].to_pylist()
        slices: list[str] = []
        names: list[str] = []
        values: list[np.ndarray] = []
        for contender in contenders:
            hits = _hits(batch[contender].to_pylist(), relevant, k)
            for name in metrics:
                of_users = METRICS[name](hits, counts)
                slices += [contender] * len(relevant)
                values.append(of_users)
                if contender == MODEL:
                    by_source = np.array([source is not None for source in sources], bool)
                    slices += [f"{MODEL}:source={source}" for source in sources if source is not None]
                    values.append(of_users[by_source])
                names += [f"{name}@{k}"] * (len(slices) - len(names))
        columns = {"slice": slices, "metric": names, "value": np.concatenate([np.zeros(0), *values])}
        yield pa.RecordBatch.from_pydict(columns)


def _hits(lists: Sequence[Sequence[str] | None], relevant: Sequence[set[str]], k: int) -> np.ndarray:
    """bool[n, k]: whether the item at each place of each list is relevant."""
    hits = np.zeros((len(lists), k), bool)
    for row, (items, wanted) in enumerate(zip(lists, relevant, strict=True)):
        for place, item in enumerate((items or ())[:k]):
            hits[row, place] = item in wanted
    return hits


def summary(
    per_user: "DataFrame", contenders: Sequence[str], metrics: Sequence[str], k: int, **labels: str
) -> "DataFrame":
    """The rows of `metrics` without `dt`; a contender whom nobody judged has a null value and 0 users.

    `labels` are the columns that all rows share: model_version and split.
    """
    from pyspark.sql import functions as F

    means = mean_with_interval(per_user, "slice", "metric")
    expected = [(name, f"{metric}@{k}") for name in contenders for metric in metrics]
    wanted = per_user.sparkSession.createDataFrame(expected, "slice string, metric string")
    return means.join(wanted, ["slice", "metric"], how="full").select(
        *(F.lit(value).alias(name) for name, value in labels.items()),
        "slice",
        "metric",
        "value",
        "low",
        "high",
        F.coalesce("users", F.lit(0)).alias("users"),
    )
