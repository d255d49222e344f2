"""The suggestions made `evaluate.horizon_days` ago, judged by what their users did since."""

from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from interest_spark.config.evaluate import EvaluateConfig
from interest_spark.evaluation import leaks
from interest_spark.evaluation.baselines import recent_popularity
from interest_spark.evaluation.baselines.baseline import Known
from interest_spark.evaluation.evaluate import (
    Horizon,
    add_baselines,
    answered_users,
    drop_unsuggestable,
    judge_lists,
    may_not_be_suggested,
    published_lists,
    relevant_items,
)
from interest_spark.evaluation.known_items import ItemFiles
from interest_spark.evaluation.splits import Fold, fold_of
from interest_spark.evaluation.tally import MODEL, Question
from interest_spark.evaluation.verdict import sentences
from interest_spark.features.day_files import day_files
from interest_spark.foundation.dates import day_end, day_start, parse_zone
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.log import get_logger
from interest_spark.models.collaborative.fit import FitData
from interest_spark.models.published import trained_through, version_in
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import NOTHING, Assignment, Inputs, Newest, Read, Result, Selection, Step, Target
from interest_spark.schemas.tables import TABLES
from interest_spark.steps.gates import GATES, require_passed
from interest_spark.steps.reads import NUMBERS
from interest_spark.storage.bundles import BUNDLES
from interest_spark.storage.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


CHAMPION = "champion"
"""The contender that the shop would keep in place of the judged model, where these are two."""


def fold(context: RunContext) -> Fold:
    """The days that the run's day is judged by."""
    settings = context.config.evaluate
    return fold_of(context.day, settings.horizon_days, settings.gap_days)


def cutoff_of(context: RunContext) -> str:
    """The day at whose end the judged suggestions were made."""
    return fold(context).cutoff.isoformat()


def split_name(settings: EvaluateConfig) -> str:
    """The future that lists are judged by, as tables call it."""
    gap = f"_after_{settings.gap_days}" if settings.gap_days else ""
    return f"next_{settings.horizon_days}_days{gap}"


def _at_cutoff(context: RunContext, _: Snapshot) -> Selection:
    return {"day": cutoff_of(context)}


def _judged_lists(context: RunContext, lists: Snapshot) -> Selection:
    """The lists that were served at the cutoff; those of a backtest only where none were."""
    cutoff = cutoff_of(context)
    backtest = lists.slices(day=cutoff, name=context.backtest_model)
    served = lists.slices(day=cutoff, name=context.served_model) or not backtest
    return {"day": cutoff, "name": context.served_model if served else context.backtest_model}


def _champions_lists(context: RunContext, lists: Snapshot) -> Selection:
    """The lists of the cutoff that the champion of that day made, where these are others than the judged ones."""
    if "promotions" not in TABLES:
        return NOTHING
    cutoff = cutoff_of(context)
    decided = context.warehouse.open("promotions")
    days = decided.days(through=cutoff, name=context.served_model)
    rows = decided.read_small(day=days[-1], name=context.served_model).to_pylist() if days else []
    newest = max(rows, key=lambda row: row["number"], default={"champion": ""})
    judged = _judged_lists(context, lists)["name"]
    for each in lists.slices(day=cutoff):
        made_by = version_in(lists.files(day=cutoff, name=each.name))
        if each.name != judged and made_by == newest["champion"] and made_by:
            return {"day": cutoff, "name": each.name}
    return NOTHING


def through_cutoff(context: RunContext) -> Selection:
    return {"through": cutoff_of(context)}


def _since_cutoff(context: RunContext, _: Snapshot) -> Selection:
    return {"after": context.days_before(context.config.evaluate.horizon_days), "through": context.dt}


def _until_cutoff(context: RunContext, _: Snapshot) -> Selection:
    """A user's own habits reach as far back as the sequences of the cutoff day do."""
    days = context.config.sequences.history_days
    return {"after": None if days is None else _before_cutoff(context, days), "through": cutoff_of(context)}


def _recent_counts(context: RunContext, _: Snapshot) -> Selection:
    """As far back as any popularity looks."""
    days = max(recent_popularity.DAYS, context.config.sequences.popularity_days)
    return {"after": _before_cutoff(context, days), "through": cutoff_of(context)}


def _before_cutoff(context: RunContext, days: int) -> str:
    settings = context.config.evaluate
    return context.days_before(settings.horizon_days + settings.gap_days + days)


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
    settings, version = context.config.evaluate, version_in(inputs["recommendations"].files())
    refuse_leaks(context, inputs, version)
    judged = judged_users(context, inputs).persist(StorageLevel.DISK_ONLY)
    known = what_was_known(context, inputs)
    figures = judge_lists(_lists(context, inputs, judged, known), _question(context, known, inputs))
    names = {"model_version": version, "split": split_name(settings), "dt": context.dt}
    rows = figures.select("*", *(F.lit(value).alias(name) for name, value in names.items()))
    lists = inputs["recommendations"].selection
    details = {"judged": {"lists": lists["name"], "of": lists["day"]}}

    def finish() -> None:
        known.forget(settings.baselines)
        _tell(context, str(lists["name"]))

    return Result({"metrics": rows}, details=details, persisted=(judged,), finish=finish)


def _tell(context: RunContext, model: str) -> None:
    """Say in words how the model does against the others, what it loses to first."""
    rows = context.warehouse.read_small("metrics", day=context.dt, name=model).to_pylist()
    for sentence in sentences(rows):
        loses = " loses to " in sentence
        (get_logger().warning if loses else get_logger().info)(sentence)


def refuse_leaks(context: RunContext, inputs: Inputs, version: str) -> None:
    """Raise BadDataError where what the lists follow from holds anything of after the cutoff."""
    cutoff, sequences = cutoff_of(context), context.config.sequences
    through = trained_through(version, context.warehouse.root) if version else None
    if through is not None:
        leaks.check_model(version, through, cutoff)
    end = day_end(fold(context).cutoff, parse_zone(context.config.shop.time_zone))
    leaks.check_histories(inputs["sequences"].rows(context), end, cutoff)
    counts = inputs["item_days"].rows(context).where(F.col("behavior").isin(*sequences.behaviors))
    counts = counts.where(F.col("dt") > _before_cutoff(context, sequences.popularity_days))
    leaks.check_popularity(inputs["popularity"].rows(context), counts, cutoff)
    lists, vocab = inputs["recommendations"].rows(context), inputs["vocab"].rows(context)
    leaks.check_lists(lists, vocab, inputs["events_until"].rows(context), cutoff)


def _question(context: RunContext, known: Known, inputs: Inputs) -> Question:
    settings = context.config.evaluate
    champion = (CHAMPION,) if inputs[CHAMPION].slices() else ()
    measured = settings.list_metrics
    if "popularity" not in settings.baselines:  # nothing tells what would be expected
        measured = tuple(name for name in measured if name != "serendipity")
    return Question(
        contenders=(MODEL, *settings.baselines, *champion),
        metrics=settings.metrics,
        list_metrics=measured,
        k=settings.k,
        behaviors=_horizon(context).behaviors,
        files=ItemFiles(
            known.histories.vocab_files, known.item_files, known.popularity_files, known.cutoff, known.blocked_items
        ),
    )


def judged_users(context: RunContext, inputs: Inputs) -> "DataFrame":
    """One row a user with something `relevant`, of those that `recommendations` and `unserved` answer."""

    def read(name: str) -> "DataFrame":
        return inputs[name].rows(context)

    users = answered_users(read("recommendations"), read("unserved"), read("bots_at_cutoff").union(read("bots")))
    relevant = relevant_items(read("events_since"), _horizon(context), users)
    # The whole vocabulary: a backfilled day's items may have got their permanent numbers on a later day.
    return drop_unsuggestable(relevant, read("sequences"), read("vocab"), context.config.score)


def _lists(context: RunContext, inputs: Inputs, judged: "DataFrame", known: Known) -> "DataFrame":
    """The judged users with their region and each contender's list."""
    regions = inputs["users"].rows(context).select("user_id", "region")
    users = may_not_be_suggested(judged.join(regions, "user_id", how="left"), context.config.score)
    lists = users.join(published_lists(inputs["recommendations"].rows(context)), "user_id", how="left")
    if inputs[CHAMPION].slices():
        champions = published_lists(inputs[CHAMPION].rows(context)).select("user_id", F.col(MODEL).alias(CHAMPION))
        lists = lists.join(champions, "user_id", how="left")
    settings = context.config.evaluate
    return add_baselines(lists, settings.baselines, known, settings.k)


def what_was_known(context: RunContext, inputs: Inputs) -> Known:
    """What baselines may make their lists from."""
    config = context.config

    def read(name: str) -> "DataFrame":
        return inputs[name].rows(context)

    history, sequences, vocab = read("events_until"), inputs["sequences"], inputs["vocab"]
    counts, zone = inputs["item_days"], parse_zone(config.shop.time_zone)
    return Known(
        history=history.where(history.behavior.isin(*config.sequences.behaviors)),
        vocab=read("vocab"),
        items=read("items"),
        popularity_files=tuple(inputs["popularity"].files()),
        item_files=tuple(inputs["items"].files()),
        blocked_items=config.score.blocked_items,
        day_counts=tuple(day_files(counts.snapshot, counts.slices())),
        behaviors=config.sequences.behaviors,
        cutoff=cutoff_of(context),
        histories=FitData(read("sequences"), tuple(sequences.files()), read("vocab"), tuple(vocab.files())),
        until=day_end(fold(context).cutoff, zone),
        models=config.evaluate.models,
        buckets=config.spark.shuffle_partitions,
        bundles=context.warehouse.root / BUNDLES,
        run_id=context.run_id,
    )


def _horizon(context: RunContext) -> Horizon:
    config = context.config
    zone, days = parse_zone(config.shop.time_zone), fold(context)
    behaviors = config.evaluate.target_behaviors or config.sequences.behaviors
    return Horizon(day_start(days.first, zone), day_end(days.last, zone), behaviors)


JUDGED_BY = (
    Read("sequences", _at_cutoff, required=True, columns=("user_id", "seen", "item_index", "events")),
    Read("popularity", _at_cutoff),
    Read("bots", _at_cutoff, alias="bots_at_cutoff"),
    Read("bots", required=True),
    Read("events", _since_cutoff, alias="events_since"),
    Read("events", _until_cutoff, alias="events_until"),
    Read("item_days", _recent_counts),
    Read("items", Newest(through_cutoff)),  # the newest attributes that were known at the cutoff
    NUMBERS,
    GATES,
)
"""What lists of any model are judged by."""

JUDGED_BY_SETTINGS = (
    *("score", "evaluate", "shop.time_zone"),
    *("sequences.behaviors", "sequences.history_days", "sequences.popularity_days"),
)

EVALUATE = Step(
    name="evaluate",
    reads=(
        Read("recommendations", _judged_lists, required=True),
        Read("unserved", _judged_lists),
        Read("recommendations", _champions_lists, alias=CHAMPION),
        Read("users", Newest(through_cutoff)),
        *JUDGED_BY,
    ),
    writes=("metrics",),
    settings=JUDGED_BY_SETTINGS,
    # Whether missing suggestions are made first changes nothing in how those there are judged.
    irrelevant=("evaluate.backtest", "score.batch_users"),
    revision=3,
    compute=_compute,
    target=_target,
    guard=require_passed,
)
