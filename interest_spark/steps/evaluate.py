"""The suggestions made `evaluate.horizon_days` ago, judged by what their users did since."""

from datetime import timedelta
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from interest_spark.evaluation.baselines.baseline import Known
from interest_spark.evaluation.evaluate import (
    Horizon,
    add_baselines,
    answered_users,
    drop_unsuggestable,
    figures,
    published_lists,
    relevant_items,
    summary,
)
from interest_spark.foundation.dates import day_end, parse_zone
from interest_spark.foundation.errors import ConfigError
from interest_spark.models.collaborative.fit import FitData
from interest_spark.models.published import version_in
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Newest, Read, Result, Selection, Step, Target
from interest_spark.steps.gates import GATES, require_passed
from interest_spark.steps.reads import NUMBERS
from interest_spark.storage.bundles import BUNDLES
from interest_spark.storage.folder_files import delete_folder
from interest_spark.storage.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def cutoff_of(context: RunContext) -> str:
    """The day at whose end the judged suggestions were made."""
    return context.days_before(context.config.evaluate.horizon_days)


def _at_cutoff(context: RunContext, _: Snapshot) -> Selection:
    return {"day": cutoff_of(context)}


def _judged_lists(context: RunContext, lists: Snapshot) -> Selection:
    """The lists that were served at the cutoff; those of a backtest only where none were."""
    cutoff = cutoff_of(context)
    backtest = lists.slices(day=cutoff, name=context.backtest_model)
    served = lists.slices(day=cutoff, name=context.served_model) or not backtest
    return {"day": cutoff, "name": context.served_model if served else context.backtest_model}


def _through_cutoff(context: RunContext) -> Selection:
    return {"through": cutoff_of(context)}


def _since_cutoff(context: RunContext, _: Snapshot) -> Selection:
    return {"after": cutoff_of(context), "through": context.dt}


def _until_cutoff(context: RunContext, _: Snapshot) -> Selection:
    """A user's own habits reach as far back as the sequences of the cutoff day do."""
    days = context.config.sequences.history_days
    after = None if days is None else context.days_before(context.config.evaluate.horizon_days + days)
    return {"after": after, "through": cutoff_of(context)}


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    check_length(context)
    lists = inputs["recommendations"].selection["name"]
    return Target({context.dt: made_from(step, context, inputs)}, model=lists)


def check_length(context: RunContext) -> None:
    """Raise ConfigError unless lists are as long as they are looked at."""
    looked_at, length = context.config.evaluate.k, context.config.score.k
    if looked_at > length:
        raise ConfigError(f"evaluate.k {looked_at} exceeds score.k {length}, the length of the lists")


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    settings = context.config.evaluate
    judged = judged_users(context, inputs).persist(StorageLevel.DISK_ONLY)
    known = what_was_known(context, inputs)
    per_user = figures(_lists(context, inputs, judged, known), settings)
    version = version_in(inputs["recommendations"].files())
    rows = summary(per_user, version, f"next_{settings.horizon_days}_days", settings)
    ordered = rows.withColumn("dt", F.lit(context.dt)).coalesce(1).sortWithinPartitions("slice", "metric")
    lists = inputs["recommendations"].selection
    details = {"judged": {"lists": lists["name"], "of": lists["day"]}}

    def forget_fitted() -> None:
        for name in settings.baselines:
            delete_folder(known.bundle_of(name))

    return Result({"metrics": ordered}, details=details, persisted=(judged,), finish=forget_fitted)


def judged_users(context: RunContext, inputs: Inputs) -> "DataFrame":
    """One row a user with something `relevant`, of those that `recommendations` and `unserved` answer."""

    def read(name: str) -> "DataFrame":
        return inputs[name].rows(context)

    users = answered_users(read("recommendations"), read("unserved"), read("bots_at_cutoff").union(read("bots")))
    relevant = relevant_items(read("events_since"), _horizon(context), users)
    # The whole vocabulary: a backfilled day's items may have got their permanent numbers on a later day.
    return drop_unsuggestable(relevant, read("sequences"), read("vocab"), context.config.score)


def _lists(context: RunContext, inputs: Inputs, judged: "DataFrame", known: Known) -> "DataFrame":
    """The judged users with each contender's list."""
    lists = judged.join(published_lists(inputs["recommendations"].rows(context)), "user_id", how="left")
    settings = context.config.evaluate
    return add_baselines(lists, settings.baselines, known, settings.k)


def what_was_known(context: RunContext, inputs: Inputs) -> Known:
    """What baselines may make their lists from."""
    config = context.config

    def read(name: str) -> "DataFrame":
        return inputs[name].rows(context)

    history, sequences, vocab = read("events_until"), inputs["sequences"], inputs["vocab"]
    return Known(
        history=history.where(history.behavior.isin(*config.sequences.behaviors)),
        vocab=read("vocab"),
        items=read("items"),
        popularity_files=tuple(inputs["popularity"].files()),
        item_files=tuple(inputs["items"].files()),
        blocked_items=config.score.blocked_items,
        histories=FitData(read("sequences"), tuple(sequences.files()), read("vocab"), tuple(vocab.files())),
        until=_horizon(context).start,
        buckets=config.spark.shuffle_partitions,
        bundles=context.warehouse.root / BUNDLES,
        run_id=context.run_id,
    )


def _horizon(context: RunContext) -> Horizon:
    config = context.config
    zone, cutoff = parse_zone(config.shop.time_zone), context.day - timedelta(days=config.evaluate.horizon_days)
    behaviors = config.evaluate.target_behaviors or config.sequences.behaviors
    return Horizon(day_end(cutoff, zone), day_end(context.day, zone), behaviors)


JUDGED_BY = (
    Read("sequences", _at_cutoff, required=True, columns=("user_id", "seen")),
    Read("popularity", _at_cutoff),
    Read("bots", _at_cutoff, alias="bots_at_cutoff"),
    Read("bots", required=True),
    Read("events", _since_cutoff, alias="events_since"),
    Read("events", _until_cutoff, alias="events_until"),
    Read("items", Newest(_through_cutoff)),  # the newest attributes that were known at the cutoff
    NUMBERS,
    GATES,
)
"""What lists of any model are judged by."""

JUDGED_BY_SETTINGS = ("score", "evaluate", "sequences.behaviors", "sequences.history_days", "shop.time_zone")

EVALUATE = Step(
    name="evaluate",
    reads=(Read("recommendations", _judged_lists, required=True), Read("unserved", _judged_lists), *JUDGED_BY),
    writes=("metrics",),
    settings=JUDGED_BY_SETTINGS,
    # Whether missing suggestions are made first changes nothing in how those there are judged.
    irrelevant=("evaluate.backtest", "score.batch_users"),
    revision=2,
    compute=_compute,
    target=_target,
    guard=require_passed,
)
