"""The day's histories to packed blocks, which a network is trained on."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date

from interest_spark.config.blocks import HeldOutPeriod
from interest_spark.config.training.network_section import NetworkSection
from interest_spark.features.blocks.pack import PackingRules, pack_blocks
from interest_spark.features.blocks.scope import LearningScope
from interest_spark.features.blocks.user_attributes import with_user_attributes
from interest_spark.features.sequences.tokens import category_sharing
from interest_spark.foundation.dates import days_since_1970
from interest_spark.foundation.digest import digest
from interest_spark.foundation.log import get_logger
from interest_spark.models.parent_model import find_parent, scope_of
from interest_spark.models.training.plan import ParentModel
from interest_spark.pipeline.carry import TableDay, contents_by_day, recorded_days
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step, Target, through_day
from interest_spark.schemas.tokens import INPUTS, source_lists
from interest_spark.steps.described_users import described_users, made_from_users, users_of
from interest_spark.steps.gates import GATES, require_passed
from interest_spark.steps.reads import CATEGORY_NUMBERS
from interest_spark.storage.layout import Slice
from interest_spark.storage.snapshot import Snapshot


def _earlier_models(context: RunContext, _: Snapshot) -> Selection:
    """Where a run finds its parent: models of earlier days. A backtest goes on from what was served, too."""
    return {"through": context.days_before(1), "name": context.served_model}


def days_of_learning(context: RunContext) -> Selection:
    """Days up to the last whose events are learnt: content that knows of later ones would tell what is held out."""
    held_out = context.config.blocks.held_out
    return {"through": context.days_before(held_out.days if isinstance(held_out, HeldOutPeriod) else 0)}


SEQUENCES = Read("sequences", required=True, columns=("user_id", "arrival_day", *source_lists(INPUTS)))
EARLIER_MODELS = Read("models", _earlier_models, exact=False)
EVENT_DAYS = Read("events", through_day, exact=False)


def already_trained(context: RunContext, inputs: Inputs) -> str | None:
    """A backtest needs no model of its own where the day's model was trained in its time."""
    served = inputs["models"].snapshot.slices(day=context.dt, name=context.served_model)
    return f"the model of {context.dt} is there" if context.backtest and served else None


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
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


def event_days(context: RunContext, inputs: Inputs) -> dict[TableDay, str]:
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
    now = event_days(context, inputs) if seen else {}
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
    reads=(SEQUENCES, CATEGORY_NUMBERS, EARLIER_MODELS, EVENT_DAYS, users_of(days_of_learning), GATES),
    writes=("train_blocks",),
    settings=("blocks", "shop.time_zone", "sequences.session_gap_minutes"),
    revision=4,
    compute=_pack,
    target=_target,
    inapplicable=already_trained,
    guard=require_passed,
)
