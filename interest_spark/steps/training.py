"""Packed blocks to a trained model in a bundle that scoring can load."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from interest_spark.features.blocks.item_attributes import with_attributes
from interest_spark.features.blocks.pack import candidate_items
from interest_spark.features.blocks.scope import end_of_learning
from interest_spark.foundation.digest import digest
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.locations import Location, location
from interest_spark.models.data.candidates import write_candidates
from interest_spark.models.launch.launch import launch
from interest_spark.models.origin import origin_of
from interest_spark.models.parent_model import find_parent
from interest_spark.models.published import model_of
from interest_spark.models.training.plan import ContentModel, ParentModel, TrainPlan, TrainResult
from interest_spark.operations.experiments import TrainingRun, check_experiments, record_training
from interest_spark.pipeline.carry import recorded
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from, settings_of
from interest_spark.pipeline.step import (
    NOTHING,
    Assignment,
    Inputs,
    Newest,
    Read,
    Result,
    Selection,
    Step,
    Target,
    makes_through_day,
    own_model,
)
from interest_spark.steps.reads import NUMBERS
from interest_spark.steps.train_blocks import (
    EARLIER_MODELS,
    EVENT_DAYS,
    SEQUENCES,
    already_trained,
    days_of_learning,
    event_days,
)
from interest_spark.storage.bundles import BUNDLES
from interest_spark.storage.folder_files import delete_folder
from interest_spark.storage.sealed import check_free
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import spark_schema

CONTENT_ALS = "content-als"
"""The name of a matrix factorisation that is fitted for its item factors and serves nobody."""


class _NewestContent(Newest):
    """The newest model of a source of content, under the name that it has for that purpose alone."""

    def __call__(self, context: RunContext, table: Snapshot) -> Selection:
        """The selection of that model; of nothing for a network without content."""
        days = table.days(name=CONTENT_ALS, **self.among(context))
        wanted = days and "als" in context.config.train.network.content
        return {"day": days[-1], "name": CONTENT_ALS} if wanted else NOTHING


_CONTENT = Read("models", _NewestContent(days_of_learning), alias="content", exact=False)


class _ItemsDescribed(Newest):
    """The newest attributes of items, for a network that looks at any."""

    def __call__(self, context: RunContext, table: Snapshot) -> Selection:
        """The selection of that day; of nothing for other networks."""
        return super().__call__(context, table) if context.config.train.network.attributes else NOTHING


_ITEMS = Read("items", _ItemsDescribed(makes_through_day))


def _train_target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    parent = find_parent(inputs["models"].snapshot, context.warehouse.root, context.config, context.dt)
    start = "" if parent is None else parent.manifest_sha256
    seen = recorded(event_days(context, inputs))
    content = {f"content {source}": model.manifest_sha256 for source, model in _content(context, inputs).items()}
    made = made_from(step, context, inputs, parent=start, **seen, **content)
    return Target({context.dt: made}, findings=parent)


def _content(context: RunContext, inputs: Inputs) -> dict[str, ContentModel]:
    """The models that the network's content comes from, as far as they are there."""
    files = inputs["content"].files()
    if not files:
        return {}
    found = model_of(files[0], context.warehouse.root)
    return {"als": ContentModel(path=location(found.path), manifest_sha256=found.manifest_sha256)}


def _train(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    from interest_spark.models.training.plots import draw_training  # other jobs need not wait for matplotlib

    plan = _plan(context, inputs, assignment.findings)
    _check_content(context, plan)
    check_free(plan.bundle)  # before hours of training, not after them
    check_experiments(context.config.operations.mlflow_folder)
    _write_candidates(context, inputs, plan.candidates)
    result = launch(plan, context.spark)
    draw_training(plan.bundle)
    row = _models_row(context, plan, result)
    frame = context.spark.createDataFrame([row], spark_schema("models").add("dt", "string"))
    figures = result.model_dump(exclude={"manifest_sha256"}, exclude_none=True)

    def finish() -> None:
        delete_folder(plan.checkpoints)  # only now: until the commit a rerun goes on from them
        settings = settings_of(TRAIN, context)
        run = TrainingRun(context.model, plan.model_version, context.dt, str(plan.bundle), settings, figures)
        record_training(context.config.operations.mlflow_folder, run)

    return Result({"models": frame.coalesce(1)}, details={"training": figures}, finish=finish)


def _check_content(context: RunContext, plan: TrainPlan) -> None:
    lacking = [source for source in context.config.train.network.content if source not in plan.content]
    if lacking:
        day = days_of_learning(context)["through"]
        raise ConfigError(
            f"train.network.content names {lacking[0]}, and no model {CONTENT_ALS} of a day up to {day} is there; run "
            f"`interest sequences --day {day}`, then `interest train --day {context.dt}` again"
        )


def _plan(context: RunContext, inputs: Inputs, parent: ParentModel | None) -> TrainPlan:
    made = _train_target(TRAIN, context, inputs).made_from[context.dt]
    origin = origin_of(made, inputs)
    # Named by what it is made from: a run that was killed and starts again gives the same model the same name, and
    # other code, which may train otherwise, leaves the bundle alone that somebody serves.
    version = f"{context.dt}-{context.model}-{digest([asdict(made), origin.code])[:12]}"
    bundle = context.warehouse.root / BUNDLES / version
    return TrainPlan(
        model_version=version,
        trained_through=context.dt,
        files=tuple(inputs["train_blocks"].files()),
        tokens=context.config.blocks.tokens,
        columns=context.config.columns,
        train=context.config.train,
        content=_content(context, inputs),
        parent=parent,
        origin=origin,
        exclude_seen=context.config.score.exclude_seen,
        bundle=bundle,
        work=bundle.parent / f".{version}.{context.run_id}.work",
    )


def _write_candidates(context: RunContext, inputs: Inputs, folder: Location) -> None:
    end = end_of_learning(context.config.blocks.held_out, context.day, context.config.shop.time_zone)
    found = candidate_items(inputs["sequences"].rows(context), inputs["vocab"].rows(context), end)
    items = inputs["items"].rows(context) if inputs["items"].slices() else None
    write_candidates(with_attributes(found, items, context.config.train.network.attributes), folder)


def _models_row(context: RunContext, plan: TrainPlan, result: TrainResult) -> Mapping[str, Any]:
    return {
        "model_version": plan.model_version,
        "path": f"{BUNDLES}/{plan.model_version}",  # below the warehouse, which may be mounted elsewhere one day
        "manifest_sha256": result.manifest_sha256,
        "item_count": result.item_count,
        "parameters": result.parameters,
        "loss": result.loss,
        "train_seconds": result.seconds,
        "trained_through": plan.trained_through,
        "dt": context.dt,
    }


TRAIN = Step(
    name="train",
    reads=(
        Read("train_blocks", own_model, required=True),
        SEQUENCES,
        NUMBERS,
        EARLIER_MODELS,
        EVENT_DAYS,
        _CONTENT,
        _ITEMS,
    ),
    writes=("models",),
    settings=("blocks", "train", "score.exclude_seen", "shop.time_zone"),
    # Where and how patiently the ranks run changes nothing in the model.
    irrelevant=(
        "train.ranks",
        "train.launcher",
        "train.threads",
        "train.checkpoint_steps",
        "train.tensorboard",
        "train.start_seconds",
        "train.stall_seconds",
    ),
    revision=2,
    compute=_train,
    target=_train_target,
    inapplicable=already_trained,
)
