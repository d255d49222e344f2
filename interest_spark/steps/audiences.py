"""Customer features and profiles to audiences: whom the shop may address today, as declared in the configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from interest_spark.applications.audiences.forecast import DAYS, expected_next
from interest_spark.applications.audiences.members import (
    Permissions,
    by_rule,
    by_score,
    capped,
    count_matching,
    count_members,
    is_held_out,
    matching,
    overlaps,
    permitted,
    together,
)
from interest_spark.applications.audiences.responders import Fitted, score, scored_by
from interest_spark.config.audiences import AudienceConfig, AudiencesConfig
from interest_spark.config.sources import LISTS
from interest_spark.foundation.digest import digest
from interest_spark.models.customer_trees import CustomerTrees
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import check_inputs, pin
from interest_spark.pipeline.step import NOTHING, Assignment, Inputs, Read, Result, Selection, Step
from interest_spark.steps.audience_models import OF_MODELS, learnt_models, rows_of_models, seeds_named
from interest_spark.steps.lists_of_people import PERMISSIONS, require_lists
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import spark_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_EARLIER_SIZES, _EARLIER_AUDIENCES = "earlier_sizes", "earlier_audiences"


@dataclass(frozen=True)
class Made:
    """The audiences of a day: `rows` of people, kept by Spark, and rows of the three small tables beside them."""

    rows: "DataFrame"
    sizes: Sequence[Mapping[str, Any]]
    overlaps: Sequence[Mapping[str, Any]]
    models: Sequence[Mapping[str, Any]]
    persisted: "Sequence[DataFrame]" = field(default=())


def make_audiences(context: RunContext, inputs: Inputs) -> Made:
    """Everything that is published of the day's audiences, and publish nothing."""
    from pyspark.sql import functions as F

    section = _section(context)
    groups = section.groups
    features, permissions = inputs["customer_features"].rows(context), _permissions(context, inputs)
    people = matching(features, inputs["profiles"].rows(context), groups, permissions).persist()
    learnt = learnt_models(context, inputs, groups, permissions.opt_outs)
    fitted = {place: found.fitted for place, found in learnt.items()}
    rules = [place for place, each in enumerate(groups) if each.kind == "rule"]
    parts = [by_rule(people, rules)] if rules else []
    models = {place: found.model for place, found in fitted.items() if found.model is not None}
    scored = _scored(features, people, models)
    parts += [_best(context, inputs, place, people, scored) for place in models]
    chosen = together(parts) if parts else by_rule(people.limit(0), range(len(groups)))
    earlier = inputs[_EARLIER_AUDIENCES].rows(context) if inputs[_EARLIER_AUDIENCES].slices() else None
    members = capped(chosen, section.cap, earlier).withColumn("held_out", is_held_out(section.hold_out)).persist()
    matched, counts = count_matching(people, range(len(groups))), count_members(members)
    sizes = [
        _sizes(context, inputs, place, {**matched[place], **counts.get(place, {})}, fitted.get(place))
        for place in range(len(groups))
    ]
    shared = [
        {"audience": groups[place].name, "other": groups[other].name, "users": users}
        for place, other, users in overlaps(members)
    ]
    names = F.array(*(F.lit(each.name) for each in groups))
    rows = members.where(~F.col("is_capped")).withColumn("audience", F.element_at(names, F.col("place") + 1))
    kept = rows_of_models(learnt, groups)
    return Made(rows.withColumn("dt", F.lit(context.dt)), sizes, shared, kept, (people, scored, members))


def _scored(features: "DataFrame", people: "DataFrame", models: Mapping[int, CustomerTrees]) -> "DataFrame":
    """Scores by all models, in one pass, of those who may be in an audience that has one; kept by Spark."""
    wanted = permitted(people, *models) if models else people.limit(0).select("user_id")
    return score(features.join(wanted, "user_id", how="left_semi"), models).persist()


def _best(context: RunContext, inputs: Inputs, place: int, people: "DataFrame", scored: "DataFrame") -> "DataFrame":
    """Rows of `chosen` of the audience at that place, which has a model; seeds are never like themselves."""
    group, ids = _section(context).groups[place], permitted(people, place)
    if group.look_alike is not None:
        ids = ids.join(seeds_named(context, inputs, group.look_alike.seeds), "user_id", how="left_anti")
    own = scored.join(ids, "user_id", how="left_semi").withColumnRenamed(scored_by(place), "score")
    return by_score(own, place, group.top, group.at_least)


def plan_audiences(context: RunContext) -> Made:
    """What publishing the day's audiences would publish; nothing is written.

    Raises ConfigError where what they are made of is not there, naming what makes it.
    """
    pinned = pin(AUDIENCES, context)
    AUDIENCES.guard(context, pinned.inputs)
    check_inputs(AUDIENCES, context, pinned)
    return make_audiences(context, pinned.inputs)


def _section(context: RunContext) -> AudiencesConfig:
    section = context.config.audiences
    assert section is not None  # without it the step is left out
    return section


def _permissions(context: RunContext, inputs: Inputs) -> Permissions:
    """Who has ever opted out is left out, whether or not the configuration still names such a list."""
    opt_outs = inputs["opt_outs"].rows(context) if inputs["opt_outs"].slices() else None
    return Permissions(opt_outs, inputs["consents"].rows(context) if context.config.sources.consents else None)


def _sizes(
    context: RunContext, inputs: Inputs, place: int, counts: Mapping[str, int], found: Fitted | None
) -> Mapping[str, Any]:
    """The row of `audience_sizes` of the audience at that place."""
    group = _section(context).groups[place]
    none = dict.fromkeys(("eligible", "capped", "held_out", "addressed"), 0)
    row: dict[str, Any] = {"audience": group.name, "priority": place + 1, "kind": group.kind, "rules": rules_of(group)}
    row |= {**none, **counts}
    row |= {"reason": found.reason if found else None}
    learnt = asdict(found.auc) if found and found.auc else {"value": None, "low": None, "high": None}
    row |= {"auc": learnt["value"], "auc_low": learnt["low"], "auc_high": learnt["high"]}
    row["learnt_from"] = found.positives if found else None
    earlier = {day: each for day, each in _earlier_sizes(inputs).items() if each.get(group.name)}
    of_rules = {day: each[group.name] for day, each in earlier.items() if each[group.name]["rules"] == row["rules"]}
    day_before = of_rules.get(context.day - timedelta(1))
    row["expected"] = day_before["forecast"] if day_before else None
    known: dict[date, int] = {day: each["eligible"] for day, each in of_rules.items()}
    row["forecast"] = expected_next({**known, context.day: int(row["eligible"])}, context.day)
    return row


def rules_of(group: AudienceConfig) -> str:
    """Names what the audience is declared as."""
    return digest(group.model_dump(mode="json", exclude={"name"}))[:12]


def _earlier_sizes(inputs: Inputs) -> dict[date, dict[str, Mapping[str, Any]]]:
    """Rows of `audience_sizes` by day and audience."""
    sizes = inputs[_EARLIER_SIZES]
    found = {each.day: sizes.snapshot.read_small(day=each.day).to_pylist() for each in sizes.slices()}
    return {date.fromisoformat(day): {row["audience"]: row for row in rows} for day, rows in found.items()}


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    from pyspark.sql import functions as F

    made = make_audiences(context, inputs)

    def frame(table: str, rows: Sequence[Mapping[str, Any]]) -> "DataFrame":
        schema = spark_schema(table)
        values = [tuple(row[name] for name in schema.names) for row in rows]
        return context.spark.createDataFrame(values, schema).withColumn("dt", F.lit(context.dt))

    frames = {
        "audience_sizes": frame("audience_sizes", made.sizes),
        "audience_overlaps": frame("audience_overlaps", made.overlaps),
        "audience_models": frame("audience_models", made.models),
        "audiences": made.rows,
    }
    empty = {row["audience"]: row["reason"] for row in made.sizes if row["reason"]}
    return Result(frames, persisted=made.persisted, details={"audiences_left_out": empty} if empty else {})


def _guard(context: RunContext, inputs: Inputs) -> None:
    require_lists(context, inputs, LISTS)


def _days_of_cap(context: RunContext, _: Snapshot) -> Selection:
    section = context.config.audiences
    if section is None or section.cap is None or section.cap.days == 1:
        return NOTHING
    return {"after": context.days_before(section.cap.days), "through": context.days_before(1)}


def _days_of_sizes(context: RunContext, _: Snapshot) -> Selection:
    return {"after": context.days_before(DAYS), "through": context.days_before(1)}


AUDIENCES = Step(
    name="audiences",
    reads=(
        Read("customer_features", required=True),
        Read("profiles", required=True),
        *PERMISSIONS,
        *OF_MODELS,
        Read("audiences", _days_of_cap, alias=_EARLIER_AUDIENCES),
        Read("audience_sizes", _days_of_sizes, alias=_EARLIER_SIZES),
    ),
    writes=("audience_sizes", "audience_overlaps", "audience_models", "audiences"),
    settings=("audiences", "sources.consents.path"),
    revision=2,
    compute=_compute,
    guard=_guard,
)
