"""Recommendations and vectors for every user of a day, and a reason for each who has fewer than K."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from interest_spark.models.published import Model, newest_model
from interest_spark.pipeline.job import NOTHING_TO_DO, JobContext, Outcome, job_command, main
from interest_spark.serving.score import answer_users, recommendations, unserved, user_vectors
from interest_spark.storage.bundles import check_bundle
from interest_spark.storage.inputs import Inputs, require_day
from interest_spark.storage.warehouse import fingerprint

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_TABLES = ("sequences", "popularity", "bots")


def run(context: JobContext) -> Outcome:
    """Score every user of the day with the newest model and publish K suggestions each, or a reason."""
    warehouse, dt, config = context.warehouse, context.dt, context.config.score
    require_day(warehouse, "sequences", dt, "interest sequences")
    model = newest_model(warehouse, dt)
    inputs = Inputs.of(warehouse, (*_TABLES, "models"))
    contents = [inputs.content_id(table, day=dt) for table in _TABLES]
    made_from = fingerprint(contents, model.manifest_sha256, model.version, config.model_dump(mode="json"))
    if warehouse.is_current("recommendations", dt, made_from):
        return NOTHING_TO_DO
    check_bundle(Path(model.path), model.manifest_sha256)
    return _publish(context, inputs, made_from, _score(context, inputs, model))


def _score(context: JobContext, inputs: Inputs, model: Model) -> "dict[str, DataFrame]":
    """The three tables; recommendations, by which a rerun knows that the day is done, come last."""
    from pyspark import StorageLevel

    spark, dt, config = context.spark, context.dt, context.config.score
    sequences, bots = inputs.read(spark, "sequences", day=dt), inputs.read(spark, "bots", day=dt)
    answers = answer_users(sequences, model, inputs.files("popularity", day=dt), config)
    answers = answers.persist(StorageLevel.DISK_ONLY)  # encoded once, read three times
    return {
        "user_vectors": user_vectors(answers, model),
        "unserved": unserved(answers, bots, config),
        "recommendations": recommendations(answers, model),
    }


def _publish(context: JobContext, inputs: Inputs, made_from: str, frames: "dict[str, DataFrame]") -> Outcome:
    from pyspark.sql import functions as F

    warehouse, dt = context.warehouse, context.dt
    day = F.lit(dt).alias("dt")
    staged = [warehouse.stage(frame.select("*", day), table, [dt], context.run_id) for table, frame in frames.items()]
    commit = partial(warehouse.commit, job="score", made_from=made_from, inputs=inputs.versions)
    versions = {run.table: commit(run) for run in staged}
    context.spark.catalog.clearCache()
    return Outcome("done", {run.table: run.rows for run in staged}, versions)


command = job_command("score", run)

if __name__ == "__main__":
    main(command)
