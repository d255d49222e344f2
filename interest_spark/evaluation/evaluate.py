"""A day's suggestions judged by what their users did in the days after, beside baselines.

The split is at one instant for everybody: what was suggested at the end of day C, made only from what
was known then, is judged by the events after it. Splitting each user's own history instead would let a
model learn from other users' later days what becomes popular, and its figures would not be met in service.

The contenders answer for the same users and are held against the same relevant items: `model` (the published
lists, popularity fill-ins included) and each baseline that the configuration names, made from what was known
at C under the same exclusion rule. All users are judged in one pass: what leaves the tasks are sums (see `tally.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.config.score import ScoreConfig
from interest_spark.evaluation.baselines.baseline import Known, baseline_named
from interest_spark.evaluation.figures import COLUMNS, all_figures, as_rows
from interest_spark.evaluation.judge import read_lists, read_users
from interest_spark.evaluation.known_items import read_items
from interest_spark.evaluation.tally import MODEL as MODEL
from interest_spark.evaluation.tally import SUMS, Question, Tally, add_users, total
from interest_spark.platform.python_worker import settled
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.serving.score import BOT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


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
    """The users' distinct (user_id, item_id) of the horizon: `behaviors`, a bit each, and `platform` of the first."""
    from pyspark.sql import functions as F

    time = F.col("event_time")
    inside = (time >= F.lit(horizon.start)) & (time < F.lit(horizon.end)) & F.col("behavior").isin(*horizon.behaviors)
    bits = F.coalesce(*(F.when(F.col("behavior") == name, 1 << place) for place, name in enumerate(BEHAVIORS)))
    first = F.min(F.struct("event_time", "platform"))
    pairs = events.where(inside & F.col("item_id").isNotNull()).groupBy("user_id", "item_id")
    found = pairs.agg(F.bit_or(bits).alias("behaviors"), first["platform"].alias("platform"))
    return found.join(users, "user_id", how="left_semi")


def drop_unsuggestable(
    relevant: "DataFrame", sequences: "DataFrame", vocab: "DataFrame", score: ScoreConfig
) -> "DataFrame":
    """Leave out what no list may hold: blocked items and, with `exclude_seen`, what the user had seen by C.

    Returns one row a user with something relevant: user_id, `relevant` (item ids, ascending) with `behaviors` and
    `platforms` of each, and of the user's history at C `history` and `seen` (item_index) and the number of `events`.
    """
    from pyspark.sql import functions as F

    indexed = relevant.join(vocab.select("item_id", "item_index"), "item_id", how="left")
    item = F.struct("item_id", "item_index", "behaviors", "platform")
    of_user = indexed.where(~F.col("item_id").isin(*score.blocked_items)).groupBy("user_id")
    known = sequences.select("user_id", "seen", F.col("item_index").alias("history"), "events")
    listed = of_user.agg(F.sort_array(F.collect_list(item)).alias("item")).join(known, "user_id", how="inner")
    if score.exclude_seen:
        # Items that had no index at C were not seen by C.
        seen = F.col("seen")
        listed = listed.withColumn(
            "item", F.filter("item", lambda each: ~F.coalesce(F.array_contains(seen, each.item_index), F.lit(False)))
        ).where(F.size("item") > 0)
    columns = (("item_id", "relevant"), ("behaviors", "behaviors"), ("platform", "platforms"))
    of_items = [F.col(f"item.{column}").alias(name) for column, name in columns]
    return listed.select("user_id", *of_items, "seen", "history", "events")


def may_not_be_suggested(judged: "DataFrame", score: ScoreConfig) -> "DataFrame":
    """Add `excluded`, the item_index of what each user's lists may not hold beside blocked items."""
    from pyspark.sql import functions as F

    nothing = F.array().cast("array<int>")
    return judged.withColumn("excluded", F.col("seen") if score.exclude_seen else nothing)


def published_lists(recommendations: "DataFrame") -> "DataFrame":
    """One row a user: `model`, the item ids by rank, and the `source` of the first."""
    from pyspark.sql import functions as F

    ranked = recommendations.groupBy("user_id").agg(
        F.sort_array(F.collect_list(F.struct("rank", "item_id", "source"))).alias("ranked")
    )
    return ranked.select("user_id", F.col("ranked.item_id").alias(MODEL), F.col("ranked")[0]["source"].alias("source"))


def add_baselines(users: "DataFrame", baselines: Sequence[str], known: Known, k: int) -> "DataFrame":
    """Add each baseline's lists of `k` items for `users` as a column of its name."""
    lists = users
    for name in baselines:
        made = baseline_named(name)(users, known, k)
        lists = lists.join(made.withColumnRenamed("items", name), "user_id", how="left")
    return lists


def judge_lists(lists: "DataFrame", question: Question) -> "DataFrame":
    """The figures, in the columns of `figures.py`: tasks tally their users, one more adds the tallies up.

    `lists` has one row a user: user_id, `relevant`, `behaviors` and `platforms` of each relevant item, `source`,
    `region`, `events`, `history` and `seen` (item numbers), and one array of item ids per contender, null for none.
    """
    from pyspark.sql import functions as F

    columns = ("relevant", "behaviors", "platforms", "source", "region", "events", "history", "seen")
    judged = lists.select(F.xxhash64("user_id").alias("key"), *columns, *(f"`{name}`" for name in question.contenders))
    sums = judged.mapInArrow(settled(partial(_tally, question)), SUMS)
    # A row without any sum: also where nobody is judged, the last task has something to begin with.
    one, text = lists.sparkSession.range(1), F.lit("")
    no_sums = F.array().cast("array<double>")
    nothing = one.select(F.lit("none"), text, text, F.lit(-1), F.lit(None).cast("array<int>"), no_sums)
    return sums.union(nothing).repartition(1).mapInArrow(settled(partial(_conclude, question)), COLUMNS)


def _tally(question: Question, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    from pyspark import TaskContext

    items, tally = read_items(question.files), Tally()
    for batch in batches:
        strange: dict[str, int] = {}
        users = read_users(batch, items, strange)
        lists = {name: read_lists(batch[name], items, question.k, strange) for name in question.contenders}
        add_users(tally, users, batch["key"].to_numpy(), lists, items, question)
    context = TaskContext.get()
    assert context is not None
    yield tally.rows(context.partitionId())


def _conclude(question: Question, parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield as_rows(all_figures(total(parts), read_items(question.files), question))
