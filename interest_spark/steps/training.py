"""The day's histories to packed blocks, and these to a trained model in a bundle that scoring can load."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from interest_spark.config.blocks import HeldOutPeriod
from interest_spark.config.training.network_section import NetworkSection
from interest_spark.features.blocks.item_attributes import with_attributes
from interest_spark.features.blocks.pack import PackingRules, candidate_items, pack_blocks
from interest_spark.features.blocks.scope import LearningScope, end_of_learning
from interest_spark.features.blocks.user_attributes import with_user_attributes
from interest_spark.features.sequences.tokens import category_sharing
from interest_spark.foundation.dates import days_since_1970
from interest_spark.foundation.digest import digest
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.locations import Location, location
from interest_spark.foundation.log import get_logger
from interest_spark.models.data.candidates import write_candidates
from interest_spark.models.launch.launch import launch
from interest_spark.models.origin import origin_of
from interest_spark.models.parent_model import find_parent, scope_of
from interest_spark.models.published import model_of
from interest_spark.models.training.plan import ContentModel, ParentModel, TrainPlan, TrainResult
from interest_spark.operations.experiments import TrainingRun, check_experiments, record_training
from interest_spark.pipeline.carry import TableDay, contents_by_day, recorded, recorded_days
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
    through_day,
)
from interest_spark.schemas.tokens import INPUTS, source_lists
from interest_spark.steps.described_users import described_users, made_from_users, users_of
from interest_spark.steps.gates import GATES, require_passed
from interest_spark.steps.reads import CATEGORY_NUMBERS, NUMBERS
from interest_spark.storage.bundles import BUNDLES
from interest_spark.storage.folder_files import delete_folder
from interest_spark.storage.layout import Slice
from interest_spark.storage.sealed import check_free
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import spark_schema

CONTENT_ALS = "content-als"
"""The name of a matrix factorisation that is fitted for its item factors and serves nobody."""


def _earlier_models(context: RunContext, _: Snapshot) -> Selection:
    """Where a run finds its parent: models of earlier days. A backtest goes on from what was served, too."""
    return {"through": context.days_before(1), "name": context.served_model}


def days_of_learning(context: RunContext) -> Selection:
    """Days up to the last whose events are learnt: content that knows of later ones would tell what is held out."""
    held_out = context.config.blocks.held_out
    return {"through": context.days_before(held_out.days if isinstance(held_out, HeldOutPeriod) else 0)}


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
_SEQUENCES = Read("sequences", required=True, columns=("user_id", "arrival_day", *source_lists(INPUTS)))
_EARLIER_MODELS = Read("models", _earlier_models, exact=False)
_EVENT_DAYS = Read("events", through_day, exact=False)


def _already_trained(context: RunContext, inputs: Inputs) -> str | None:
    """A backtest needs no model of its own where the day's model was trained in its time."""
    served = inputs["models"].snapshot.slices(day=context.dt, name=context.served_model)
    return f"the model of {context.dt} is there" if context.backtest and served else None


# Packing blocks ------------------------------------------------------------------------------


def _blocks_target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    parent = find_parent(inputs["models"].snapshot, context.warehouse.root, context.config, context.dt)
    scope = scope_of(parent, context.config, () if parent is None else _changed_days(context, inputs, parent))
    network = _made_from_network(context.config.train.network)
    made = made_from(step, context, inputs, scope=digest(asdict(scope)), **network, **made_from_users(inputs))
    return Target({context.dt: made}, findings=scope)


def _made_from_network(network: NetworkSection) -> dict[str, str]:
    """All of a network that blocks depend on."""
    masked = {"masked": "yes"} if network.masked else {}
    described = digest([network.user_attributes, network.user_attribute_codes])
    return {**masked, **({"user attributes": described} if network.user_attributes else {})}


def _event_days(context: RunContext, inputs: Inputs) -> dict[TableDay, str]:
    """What each day's events are, where a later incremental run will ask what this one has seen of them.

    A whole history that is delivered anew each time says nothing about what is new in it.
    """
    if context.config.train.mode != "incremental" or not context.config.sources.by_day:
        return {}
    return contents_by_day([inputs["events"]])


def _changed_days(context: RunContext, inputs: Inputs, parent: ParentModel) -> tuple[int, ...]:
    """The days up to the parent's last whose events were delivered, or delivered anew, after it was trained.

    Days since 1970; none where the parent's run did not record what it had seen.
    """
    record = inputs["models"].snapshot.made_from(Slice(parent.trained_through, context.served_model))
    seen = recorded_days(record) if record else {}
    now = _event_days(context, inputs) if seen else {}
    changed = [each.day for each, content in now.items() if seen.get(each) != content]
    return tuple(days_since_1970(date.fromisoformat(day)) for day in changed if day <= parent.trained_through)


def _pack(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    scope: LearningScope = assignment.findings
    config = context.config
    rules = PackingRules.of(config, config.blocks, context.day, scope)
    sequences, users = inputs["sequences"].rows(context), described_users(context, inputs)
    rows = pack_blocks(with_user_attributes(sequences, users, rules.user_attributes), rules)
    units = {"train_blocks": config.blocks.row_group_blocks}  # the reader's units of work
    return Result({"train_blocks": rows}, units, details={"categories": _report_sharing(context, inputs)})


def _report_sharing(context: RunContext, inputs: Inputs) -> Mapping[str, int | float]:
    """Log and return what category codes tell apart, of all categories numbered so far."""
    categories = inputs["categories"]
    index = categories.snapshot.read_small(**categories.selection)["category_index"].to_numpy()
    sharing = category_sharing(index, context.config.columns)
    log = get_logger().bind(**sharing)
    if sharing["ambiguous_share"] and "category" in context.config.train.network.inputs:
        log.warning("categories share codes", remedy="raise blocks.category_codes")
    else:
        log.info("category codes")
    return sharing


TRAIN_BLOCKS = Step(
    name="train_blocks",
    # Sequences of earlier releases, which hold hashes in place of category numbers, lack `arrival_day`: refused.
    reads=(_SEQUENCES, CATEGORY_NUMBERS, _EARLIER_MODELS, _EVENT_DAYS, users_of(days_of_learning), GATES),
    writes=("train_blocks",),
    settings=("blocks", "shop.time_zone", "sequences.session_gap_minutes"),
    revision=4,
    compute=_pack,
    target=_blocks_target,
    inapplicable=_already_trained,
    guard=require_passed,
)


# Training ------------------------------------------------------------------------------------


def _train_target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    parent = find_parent(inputs["models"].snapshot, context.warehouse.root, context.config, context.dt)
    start = "" if parent is None else parent.manifest_sha256
    seen = recorded(_event_days(context, inputs))
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
        _SEQUENCES,
        NUMBERS,
        _EARLIER_MODELS,
        _EVENT_DAYS,
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
    inapplicable=_already_trained,
)
