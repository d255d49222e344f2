"""A day's suggestions judged by what their users did in the days after, beside two baselines.

The split is at one instant for everybody: what was suggested at the end of day C, made only from what
was known then, is judged by the events after it. Splitting each user's own history instead would let a
model learn from other users' later days what becomes popular, and its figures would not be met in service.

The contenders answer for the same users and are held against the same relevant items: `model` (the published
lists, popularity fill-ins included) and each baseline that the configuration names, made from what was known
at C under the same exclusion rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.config.evaluate import EvaluateConfig
from interest_spark.config.score import ScoreConfig
from interest_spark.evaluation.baselines.baseline import Known, baseline_named
from interest_spark.evaluation.intervals import mean_with_interval
from interest_spark.metrics.hits import find_hits
from interest_spark.metrics.metric import metric_named
from interest_spark.serving.score import BOT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MODEL = "model"


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

    Returns one row a user with something relevant: user_id, `relevant` (item ids, ascending), and `excluded`, the
    item_index of what the user's lists may not hold beside blocked items.
    """
    from pyspark.sql import functions as F

    indexed = relevant.join(vocab.select("item_id", "item_index"), "item_id", how="left")
    pairs = indexed.join(sequences.select("user_id", "seen"), "user_id", how="inner")
    if score.exclude_seen:
        # Items that had no index at C were not seen by C.
        pairs = pairs.where(~F.coalesce(F.array_contains("seen", F.col("item_index")), F.lit(False)))
    pairs = pairs.where(~F.col("item_id").isin(*score.blocked_items))
    excluded = F.any_value("seen") if score.exclude_seen else F.array().cast("array<int>")
    return pairs.groupBy("user_id").agg(
        F.sort_array(F.collect_list("item_id")).alias("relevant"), excluded.alias("excluded")
    )


def published_lists(recommendations: "DataFrame") -> "DataFrame":
    """One row a user: `model`, the item ids by rank, and the `source` of the first."""
    from pyspark.sql import functions as F

    ranked = recommendations.groupBy("user_id").agg(
        F.sort_array(F.collect_list(F.struct("rank", "item_id", "source"))).alias("ranked")
    )
    return ranked.select(
        "user_id", F.col("ranked.item_id").alias("model"), F.col("ranked")[0]["source"].alias("source")
    )


def add_baselines(users: "DataFrame", baselines: Sequence[str], known: Known, k: int) -> "DataFrame":
    """Add each baseline's lists of `k` items for `users` as a column of its name."""
    lists = users
    for name in baselines:
        made = baseline_named(name)(users, known, k)
        lists = lists.join(made.withColumnRenamed("items", name), "user_id", how="left")
    return lists


def contenders_of(config: EvaluateConfig) -> tuple[str, ...]:
    """Whose lists are judged, each in a column of that name."""
    return (MODEL, *config.baselines)


def figures(lists: "DataFrame", config: EvaluateConfig) -> "DataFrame":
    """(slice, metric, value), one row a user, contender and metric, and the model's once more by source.

    `lists` has `relevant`, `source` and one array of item ids per contender, null for no list at all.
    """
    contenders = contenders_of(config)
    judge = partial(_judge, contenders, config.metrics, config.k)
    columns = lists.select("relevant", "source", *contenders)
    return columns.mapInArrow(judge, "slice string, metric string, value double")


def _judge(
    contenders: Sequence[str], metrics: Sequence[str], k: int, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        relevant, sources = batch["relevant"].to_pylist(), batch["source"].to_pylist()
        for name in contenders:
            hits, wanted = find_hits([items or [] for items in batch[name].to_pylist()], relevant, k)
            for metric in metrics:
                value = pa.array(metric_named(metric)(hits, wanted), pa.float64())
                yield _rows([name] * len(value), f"{metric}@{k}", value)
                if name == MODEL:
                    by_source = pa.array([source and f"{MODEL}:source={source}" for source in sources], pa.string())
                    yield _rows(by_source.drop_null(), f"{metric}@{k}", value.filter(by_source.is_valid()))


def _rows(slices: pa.Array | list[str], metric: str, value: pa.Array) -> pa.RecordBatch:
    columns = {"slice": pa.array(slices, pa.string()), "metric": pa.array([metric] * len(value), pa.string())}
    return pa.RecordBatch.from_pydict({**columns, "value": value})


def summary(per_user: "DataFrame", model_version: str, split: str, config: EvaluateConfig) -> "DataFrame":
    """The rows of `metrics` without `dt`; a contender whom nobody judged has a null value and 0 users."""
    from pyspark.sql import functions as F

    means = mean_with_interval(per_user, "slice", "metric")
    expected = [(name, f"{metric}@{config.k}") for name in contenders_of(config) for metric in config.metrics]
    wanted = per_user.sparkSession.createDataFrame(expected, "slice string, metric string")
    return means.join(wanted, ["slice", "metric"], how="full").select(
        F.lit(model_version).alias("model_version"),
        F.lit(split).alias("split"),
        "slice",
        "metric",
        "value",
        "low",
        "high",
        F.coalesce("users", F.lit(0)).alias("users"),
    )
