"""A day's suggestions judged by what their users did in the days after, beside two baselines.

The split is at one instant for everybody: what was suggested at the end of day C, made only from what
was known then, is judged by the events after it. Splitting each user's own history instead would let a
model learn from other users' later days what becomes popular, and its figures would not be met in service.

Three contenders answer for the same users and are held against the same relevant items:
`model` (the published lists, popularity fill-ins included), `popularity` (the most popular items at C
under the same exclusion rule) and `own_frequency` (what the user chose most often up to C, then
popularity). The last one repeats seen items whatever `score.exclude_seen` says; where seen items are
excluded they are not relevant either, so that there it only measures the popularity it is filled with.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from interest_spark.config.score import ScoreConfig
from interest_spark.evaluation.metrics import mean_with_interval, ndcg_at, recall_at
from interest_spark.serving.score import BOT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CONTENDERS = ("model", "popularity", "own_frequency")


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
    return ranked.select(
        "user_id", F.col("ranked.item_id").alias("model"), F.col("ranked")[0]["source"].alias("source")
    )


def figures(lists: "DataFrame", k: int) -> "DataFrame":
    """(slice, metric, value), one row a user, contender and metric, and the model's once more by source.

    `lists` has `relevant`, `source` and one array of item ids per contender, null for no list at all.
    """
    from pyspark.sql import functions as F

    entries = [F.struct(F.lit(name).alias("slice"), F.col(name).alias("items")) for name in CONTENDERS]
    by_source = F.struct(F.concat(F.lit("model:source="), "source").alias("slice"), F.col("model").alias("items"))
    entry = lists.select("relevant", F.explode(F.array(*entries, by_source)).alias("entry"))
    items = F.coalesce("entry.items", F.array().cast("array<string>"))
    wide = entry.where(F.col("entry.slice").isNotNull()).select(
        F.col("entry.slice").alias("slice"),
        recall_at(k, items, F.col("relevant")).alias(f"recall@{k}"),
        ndcg_at(k, items, F.col("relevant")).alias(f"ndcg@{k}"),
    )
    return wide.unpivot("slice", [f"recall@{k}", f"ndcg@{k}"], "metric", "value")


def summary(per_user: "DataFrame", model_version: str, split: str, k: int) -> "DataFrame":
    """The rows of `metrics` without `dt`; a contender whom nobody judged has a null value and 0 users."""
    from pyspark.sql import functions as F

    means = mean_with_interval(per_user, "slice", "metric")
    expected = [(name, f"{metric}@{k}") for name in CONTENDERS for metric in ("recall", "ndcg")]
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
