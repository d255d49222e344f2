"""Which model may take the champion's place, and how both would have served the users who are judged.

The challenger is the newest model that had learnt nothing later than the cutoff, and no champion has, so that neither
has seen what judges it. The lists are for the judgement alone, for the users who are judged, and are kept nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from interest_spark.evaluation.compare import Compared, compare_lists
from interest_spark.evaluation.evaluate import Horizon, drop_unsuggestable, relevant_items
from interest_spark.evaluation.promotion import CHALLENGER, CHAMPION
from interest_spark.foundation.dates import day_end, parse_zone
from interest_spark.models.champion import TABLE, Candidate, Decision, newest_decision
from interest_spark.models.published import Model
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Inputs, Newest, Read, Selection
from interest_spark.serving.score import answer_users
from interest_spark.steps.described_users import check_described, described_users, users_of
from interest_spark.steps.evaluate import JUDGED_BY, cutoff_of, through_cutoff
from interest_spark.storage.bundles import bundle_path, check_bundle
from interest_spark.storage.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_BEFORE = "decisions before"


def models_so_far(context: RunContext, _: Snapshot) -> Selection:
    """The slices of the run's own model, up to its day."""
    return {"through": context.dt, "name": context.served_model}


def _days_before(context: RunContext) -> Selection:
    return {"through": context.days_before(1), "name": context.served_model}


@dataclass(frozen=True)
class NewestDecision(Newest):
    """Selects the day on which the newest decision about the run's own model was made."""

    def __call__(self, context: RunContext, table: Snapshot) -> Selection:
        """The selection of that day and model."""
        return {"name": context.served_model, **super().__call__(context, table)}


MODELS = Read("models", models_so_far, required=True, exact=False)
DECISIONS_BEFORE = Read(TABLE, NewestDecision(_days_before), alias=_BEFORE)
_NEEDED = ("popularity", "bots_at_cutoff", "bots", "events_since", "vocab")
COMPARED_BY = (
    replace(next(each for each in JUDGED_BY if each.name == "sequences"), required=False, columns=None),
    *(each for each in JUDGED_BY if each.name in _NEEDED),
    users_of(through_cutoff),
)
"""What `compare_with` reads."""


@dataclass(frozen=True)
class Pairing:
    """The decision that holds so far, the newest model, and the newest one that may take the champion's place."""

    before: Decision | None
    newest: Candidate
    challenger: Candidate | None


def pair_of(context: RunContext, inputs: Inputs) -> Pairing:
    """Of a step that reads MODELS, one of them at least, and DECISIONS_BEFORE."""
    before = newest_decision(inputs[_BEFORE].snapshot, **inputs[_BEFORE].selection)
    models, cutoff = inputs["models"].snapshot, cutoff_of(context)
    days = models.days(**inputs["models"].selection)
    fit = [day for day in days if before is not None and before.judged_through < day <= cutoff]
    challenger = candidate_of(context, models, fit[-1]) if fit else None
    return Pairing(before, candidate_of(context, models, days[-1]), challenger)


def candidate_of(context: RunContext, models: Snapshot, day: str) -> Candidate:
    """The model of that day, of which there must be one."""
    (row,) = models.read_small(day=day, name=context.served_model).to_pylist()
    return Candidate.of_row(row)


def check_candidate(context: RunContext, candidate: Candidate) -> None:
    """Raise BadDataError unless the bundle is as it was trained: nothing else is given the shop to serve."""
    check_bundle(bundle_path(context.warehouse.root, candidate.path), candidate.manifest_sha256)


def compare_with(
    champion: Candidate,
    challenger: Candidate,
    metrics: Sequence[str],
    context: RunContext,
    inputs: Inputs,
    persisted: "list[DataFrame]",
) -> list[Compared]:
    """What `compare` would find, of lists made for the judged users alone; of a step that reads COMPARED_BY.

    The caller releases what gets `persisted` once the figures are no longer needed.
    """
    settings, root = context.config.score, context.warehouse.root
    sequences = inputs["sequences"].rows(context)
    judged = _judged(context, inputs, sequences).persist(StorageLevel.DISK_ONLY)
    histories = sequences.join(judged.select("user_id"), "user_id", how="left_semi")
    lists, users = judged.select("user_id", "relevant"), described_users(context, inputs)
    for name, each in ((CHAMPION, champion), (CHALLENGER, challenger)):
        model = Model(each.version, str(bundle_path(root, each.path)), each.manifest_sha256)
        check_described(context, model)
        answers = answer_users(histories, model, inputs["popularity"].files(), settings, users)
        lists = lists.join(answers.select("user_id", F.col("item_id").alias(name)), "user_id", how="left")
    lists = lists.persist(StorageLevel.DISK_ONLY)  # scored once, looked at twice
    persisted += [judged, lists]
    return compare_lists(lists, {name: (name,) for name in (CHAMPION, CHALLENGER)}, metrics, context.config.evaluate.k)


def _judged(context: RunContext, inputs: Inputs, sequences: "DataFrame") -> "DataFrame":
    """One row a user with something `relevant`, of those with a history at the cutoff, machines apart."""
    config = context.config
    zone, cutoff = parse_zone(config.shop.time_zone), date.fromisoformat(cutoff_of(context))
    behaviors = config.evaluate.target_behaviors or config.sequences.behaviors
    horizon = Horizon(day_end(cutoff, zone), day_end(context.day, zone), behaviors)
    bots = inputs["bots_at_cutoff"].rows(context).union(inputs["bots"].rows(context))
    users = sequences.select("user_id").join(bots, "user_id", how="left_anti")
    relevant = relevant_items(inputs["events_since"].rows(context), horizon, users)
    return drop_unsuggestable(relevant, sequences, inputs["vocab"].rows(context), config.score)
