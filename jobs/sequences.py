"""Events to bots, vocabulary, popularity and one ordered history per user."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.sql import functions as F

from interest_spark.features.bots import detect_bots, without_users
from interest_spark.features.popularity import rank_by_popularity
from interest_spark.features.sequences.histories import build_sequences, catalogue_of
from interest_spark.features.vocab import new_items
from interest_spark.foundation.dates import parse_zone
from interest_spark.foundation.errors import BadDataError
from interest_spark.pipeline.job import NOTHING_TO_DO, JobContext, Outcome, job_command, main
from interest_spark.storage.warehouse import fingerprint

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def run(context: JobContext) -> Outcome:
    """Build every user's history as of the end of the day, from the events ingested up to it."""
    config, warehouse, dt = context.config, context.warehouse, context.dt
    history: dict[str, Any] = {"after": _day_before_history(context), "through": dt}
    if not warehouse.files("events", **history):
        raise BadDataError(f"no events up to {dt}; run `interest ingest --day {dt}` first, or choose a later day")
    settings = config.model_dump(mode="json", include={"sequences", "bots", "shop"})
    items_day = _items_day(context)
    contents = warehouse.content_id("events", **history), warehouse.content_id("items", day=items_day)
    made_from = fingerprint(contents, settings)
    if warehouse.is_current("sequences", dt, made_from):
        return NOTHING_TO_DO

    inputs = {table: warehouse.version(table) for table in ("events", "items")}
    accepted = warehouse.read(context.spark, "events", **history)
    bots = detect_bots(accepted, config.bots, parse_zone(config.shop.time_zone), dt)
    outcome = _publish(context, bots if config.bots.enabled else bots.limit(0), "bots", made_from, inputs)
    bots = warehouse.read(context.spark, "bots", day=dt)
    events = without_users(accepted, bots).where(F.col("behavior").isin(*config.sequences.behaviors))
    events = events.persist(StorageLevel.DISK_ONLY)

    vocab = warehouse.read(context.spark, "vocab")
    ours = vocab.where(F.col("dt") == dt)
    appended = ours.unionByName(new_items(events, vocab, dt))
    outcome += _publish(context, appended, "vocab", made_from, inputs, exclusive=True)
    inputs["vocab"] = outcome.versions["vocab"]
    vocab = warehouse.read(context.spark, "vocab")

    recent = events.where(F.col("dt") > _days_before(context, config.sequences.popularity_days))
    outcome += _publish(context, rank_by_popularity(recent, vocab, dt), "popularity", made_from, inputs)
    partitions = config.spark.shuffle_partitions
    catalogue = catalogue_of(vocab, warehouse.read(context.spark, "items", day=items_day))
    sequences = build_sequences(events, catalogue, config.sequences.max_length, partitions, dt)
    outcome += _publish(context, sequences, "sequences", made_from, inputs)
    events.unpersist()
    return outcome


def _publish(
    context: JobContext,
    frame: "DataFrame",
    table: str,
    made_from: str,
    inputs: dict[str, int],
    *,
    exclusive: bool = False,
) -> Outcome:
    staged = context.warehouse.stage(frame, table, [context.dt], context.run_id)
    version = context.warehouse.commit(staged, job="sequences", made_from=made_from, inputs=inputs, exclusive=exclusive)
    return Outcome("done", {table: staged.rows}, {table: version})


def _items_day(context: JobContext) -> str:
    """The day that holds the items as of the run's own, "" where there is none; those of later days are the future."""
    return max((day for day in context.warehouse.days("items") if day <= context.dt), default="")


def _day_before_history(context: JobContext) -> str | None:
    days = context.config.sequences.history_days
    return None if days is None else _days_before(context, days)


def _days_before(context: JobContext, days: int) -> str:
    return (context.day - timedelta(days=days)).isoformat()


command = job_command("sequences", run)

if __name__ == "__main__":
    main(command)
