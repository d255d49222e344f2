"""How good the suggestions were that were made `evaluate.horizon_days` before the day."""

from datetime import timedelta
from typing import TYPE_CHECKING

from interest_spark.evaluation.baselines import add_popular, own_favourites
from interest_spark.evaluation.evaluate import (
    Horizon,
    answered_users,
    drop_unsuggestable,
    figures,
    published_lists,
    relevant_items,
    summary,
)
from interest_spark.foundation.dates import day_end, parse_zone
from interest_spark.foundation.errors import ConfigError
from interest_spark.models.published import published_model
from interest_spark.pipeline.job import NOTHING_TO_DO, JobContext, Outcome, job_command, main
from interest_spark.storage.inputs import Inputs, require_day
from interest_spark.storage.warehouse import fingerprint

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_OF_CUTOFF = ("recommendations", "unserved", "sequences", "popularity", "bots")
_SETTINGS = {"score", "evaluate", "sequences", "shop"}


def run(context: JobContext) -> Outcome:
    """Judge the suggestions made `evaluate.horizon_days` ago by the events since, beside popularity and own habits."""
    warehouse, dt, settings = context.warehouse, context.dt, context.config.evaluate
    if settings.k > context.config.score.k:
        raise ConfigError(f"evaluate.k {settings.k} exceeds score.k {context.config.score.k}, the length of the lists")
    cutoff = _days_before(context, settings.horizon_days)
    require_day(warehouse, "recommendations", cutoff, "interest daily")
    require_day(warehouse, "sequences", dt, "interest sequences")
    inputs = Inputs.of(warehouse, (*_OF_CUTOFF, "events", "vocab"))
    made_from = _fingerprint(context, inputs, cutoff)
    if warehouse.is_current("metrics", dt, made_from):
        return NOTHING_TO_DO

    per_user = figures(_lists(context, inputs, cutoff), settings.k)
    model_version = published_model(inputs.files("recommendations", day=cutoff))
    rows = summary(per_user, model_version, f"next_{settings.horizon_days}_days", settings.k)
    return _publish(context, inputs, made_from, rows)


def _lists(context: JobContext, inputs: Inputs, cutoff: str) -> "DataFrame":
    """One row a user with something relevant: `relevant` and each contender's list."""
    from pyspark import StorageLevel

    spark, dt, config, k = context.spark, context.dt, context.config, context.config.evaluate.k
    published, unserved, sequences, _, bots = (inputs.read(spark, table, day=cutoff) for table in _OF_CUTOFF)
    users = answered_users(published, unserved, bots.union(inputs.read(spark, "bots", day=dt)))
    relevant = relevant_items(inputs.read(spark, "events", after=cutoff, through=dt), _horizon(context), users)
    # The whole vocabulary: a backfilled day's items may have got their permanent numbers on a later day.
    judged = drop_unsuggestable(relevant, sequences, inputs.read(spark, "vocab"), config.score)
    judged = judged.persist(StorageLevel.DISK_ONLY)
    history = inputs.read(spark, "events", after=_day_before_history(context), through=cutoff)
    own = own_favourites(history.where(history.behavior.isin(*config.sequences.behaviors)), judged, k)
    lists = judged.join(published_lists(published), "user_id", how="left").join(own, "user_id", how="left")
    return add_popular(lists, inputs.files("popularity", day=cutoff), k, config.score)


def _horizon(context: JobContext) -> Horizon:
    config = context.config
    zone, cutoff = parse_zone(config.shop.time_zone), context.day - timedelta(days=config.evaluate.horizon_days)
    behaviors = config.evaluate.target_behaviors or config.sequences.behaviors
    return Horizon(day_end(cutoff, zone), day_end(context.day, zone), behaviors)


def _day_before_history(context: JobContext) -> str | None:
    """A user's own habits reach as far back as the sequences of the cutoff day do."""
    days = context.config.sequences.history_days
    return None if days is None else _days_before(context, context.config.evaluate.horizon_days + days)


def _days_before(context: JobContext, days: int) -> str:
    return (context.day - timedelta(days=days)).isoformat()


def _fingerprint(context: JobContext, inputs: Inputs, cutoff: str) -> str:
    contents = [inputs.content_id(table, day=cutoff) for table in _OF_CUTOFF]
    others = [inputs.content_id("events", through=context.dt), inputs.content_id("bots", day=context.dt)]
    # Whether missing suggestions are made first changes nothing in how those there are judged.
    settings = context.config.model_dump(mode="json", include=_SETTINGS, exclude={"evaluate": {"backtest"}})
    return fingerprint(contents, others, settings)


def _publish(context: JobContext, inputs: Inputs, made_from: str, rows: "DataFrame") -> Outcome:
    from pyspark.sql import functions as F

    ordered = rows.withColumn("dt", F.lit(context.dt)).coalesce(1).sortWithinPartitions("slice", "metric")
    staged = context.warehouse.stage(ordered, "metrics", [context.dt], context.run_id)
    version = context.warehouse.commit(staged, job="evaluate", made_from=made_from, inputs=inputs.versions)
    context.spark.catalog.clearCache()
    return Outcome("done", {"metrics": staged.rows}, {"metrics": version})


command = job_command("evaluate", run)

if __name__ == "__main__":
    main(command)
