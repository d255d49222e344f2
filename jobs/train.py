"""The day's histories to packed blocks, to a trained model, to a bundle that scoring can load."""

import shutil
from dataclasses import asdict
from pathlib import Path

from interest_spark.features.blocks.lesson import Lesson
from interest_spark.models.champion import find_champion, lesson_after
from interest_spark.models.launch.launch import launch
from interest_spark.models.training.plan import Champion, TrainPlan, TrainResult
from interest_spark.pipeline.job import NOTHING_TO_DO, JobContext, Outcome, job_command, main
from interest_spark.storage.bundles import BUNDLES
from interest_spark.storage.inputs import Inputs, require_day
from interest_spark.storage.warehouse import fingerprint

# Where and how patiently the ranks run changes nothing in the model.
_MEANS = {"ranks", "launcher", "threads", "checkpoint_steps", "tensorboard", "start_seconds", "stall_seconds"}


def run(context: JobContext) -> Outcome:
    """Pack the day's sequences into training blocks, train on them, and publish the model."""
    warehouse, dt, config = context.warehouse, context.dt, context.config
    require_day(warehouse, "sequences", dt, "interest sequences")
    inputs = Inputs.of(warehouse, ("sequences", "vocab"))
    champion = find_champion(warehouse, config, dt)
    lesson = lesson_after(champion, config)
    blocks_settings = config.model_dump(mode="json", include={"blocks", "shop"})
    blocks_from = fingerprint(inputs.content_id("sequences", day=dt), blocks_settings, asdict(lesson))
    train_settings = config.train.model_dump(mode="json", exclude=_MEANS)
    start = None if champion is None else champion.manifest_sha256
    made_from = fingerprint(blocks_from, train_settings, config.score.exclude_seen, start)
    if warehouse.is_current("models", dt, made_from):
        return NOTHING_TO_DO

    outcome = NOTHING_TO_DO
    if not warehouse.is_current("train_blocks", dt, blocks_from):
        outcome += _publish_blocks(context, inputs, blocks_from, lesson)
    blocks = Inputs.of(warehouse, ("train_blocks",))
    plan = _plan(context, blocks.files("train_blocks", day=dt), made_from, champion)
    _write_candidates(context, inputs, plan.candidates)
    result = launch(plan, context.spark)
    return outcome + _publish_model(context, plan, result, made_from, {**inputs.versions, **blocks.versions})


def _publish_blocks(context: JobContext, inputs: Inputs, made_from: str, lesson: Lesson) -> Outcome:
    from interest_spark.features.blocks.pack import pack_blocks, row_group_options

    config, sequences = context.config.blocks, inputs.read(context.spark, "sequences", day=context.dt)
    frame = pack_blocks(sequences, config, context.config.columns, context.day, lesson)
    staged = context.warehouse.stage(frame, "train_blocks", [context.dt], context.run_id, row_group_options(config))
    version = context.warehouse.commit(staged, job="train", made_from=made_from, inputs=inputs.versions)
    return Outcome("done", {"train_blocks": staged.rows}, {"train_blocks": version})


def _plan(context: JobContext, files: list[str], made_from: str, champion: Champion | None) -> TrainPlan:
    # Named by what it is made from: a run that was killed and starts again gives the same model the same name.
    version = f"{context.dt}-{made_from[:12]}"
    bundle = context.warehouse.root / BUNDLES / version
    return TrainPlan(
        model_version=version,
        trained_through=context.dt,
        files=tuple(files),
        tokens=context.config.blocks.tokens,
        columns=context.config.columns,
        train=context.config.train,
        champion=champion,
        exclude_seen=context.config.score.exclude_seen,
        bundle=bundle,
        work=bundle.with_name(f".{version}.{context.run_id}.work"),
    )


def _write_candidates(context: JobContext, inputs: Inputs, folder: Path) -> None:
    """For the ranks to read: the catalogue does not pass through the driver."""
    from interest_spark.features.blocks.pack import candidate_items

    sequences = inputs.read(context.spark, "sequences", day=context.dt)
    candidate_items(sequences, inputs.read(context.spark, "vocab")).write.parquet(str(folder))


def _publish_model(
    context: JobContext, plan: TrainPlan, result: TrainResult, made_from: str, inputs: dict[str, int]
) -> Outcome:
    from interest_spark.storage.table_schemas import spark_schema

    row = {
        "model_version": plan.model_version,
        "path": str(plan.bundle),
        "manifest_sha256": result.manifest_sha256,
        "item_count": result.item_count,
        "parameters": result.parameters,
        "loss": result.loss,
        "train_seconds": result.seconds,
        "trained_through": plan.trained_through,
        "dt": context.dt,
    }
    frame = context.spark.createDataFrame([row], spark_schema("models").add("dt", "string"))
    staged = context.warehouse.stage(frame, "models", [context.dt], context.run_id)
    version = context.warehouse.commit(staged, job="train", made_from=made_from, inputs=inputs)
    shutil.rmtree(plan.checkpoints, ignore_errors=True)  # only now: until the commit a rerun goes on from them
    figures = result.model_dump(exclude={"manifest_sha256"}, exclude_none=True)
    return Outcome("done", {"models": 1}, {"models": version}, {"training": figures})


command = job_command("train", run)

if __name__ == "__main__":
    main(command)
