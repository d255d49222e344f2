"""Customer features and profiles to audiences: whom the shop may address today, as declared in the configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from interest_spark.applications.audiences.forecast import DAYS, expected_next
from interest_spark.applications.audiences.labels import labelled, who_did
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
from interest_spark.applications.audiences.responders import Fitted, fit, folds_of_users, score
from interest_spark.config.audiences import AudienceConfig, AudiencesConfig, Propensity
from interest_spark.config.sources import LISTS
from interest_spark.foundation.digest import digest
from interest_spark.foundation.log import get_logger
from interest_spark.models.customer_trees import NEVER_JUDGED
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import check_inputs, pin
from interest_spark.pipeline.step import NOTHING, Assignment, Inputs, Read, Result, Selection, Step, newest_day
from interest_spark.steps.lists_of_people import PERMISSIONS, require_lists
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import spark_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_EARLIER_FEATURES, _EARLIER_SIZES, _EARLIER_AUDIENCES = "earlier_features", "earlier_sizes", "earlier_audiences"
_SLACK_DAYS = 14
"""So much older than it should be may the newest day with features before a cut-off be."""


@dataclass(frozen=True)
class Made:
    """The audiences of a day: `rows` of people, kept by Spark, a row of `audience_sizes` each, and of overlaps."""

    rows: "DataFrame"
    sizes: Sequence[Mapping[str, Any]]
    overlaps: Sequence[Mapping[str, Any]]
    persisted: "Sequence[DataFrame]" = field(default=())


def make_audiences(context: RunContext, inputs: Inputs) -> Made:
    """Everything that is published of the day's audiences, and publish nothing."""
    from pyspark.sql import functions as F

    section = _section(context)
    groups = section.groups
    features, permissions = inputs["customer_features"].rows(context), _permissions(context, inputs)
    people = matching(features, inputs["profiles"].rows(context), groups, permissions).persist()
    fitted = {place: _fitted(context, inputs, each, permissions) for place, each in enumerate(groups)}
    rules = [place for place, each in enumerate(groups) if each.kind == "rule"]
    parts = [by_rule(people, rules)] if rules else []
    for place, found in fitted.items():
        if found is not None and found.model is not None:
            group, ids = groups[place], permitted(people, place)
            if group.look_alike is not None:
                ids = ids.join(_seeds(context, inputs, group.look_alike.seeds), "user_id", how="left_anti")
            scored = score(features.join(ids, "user_id"), found.model)
            parts.append(by_score(scored, place, group.top, group.at_least))
    chosen = together(parts) if parts else by_rule(people.limit(0), range(len(groups)))
    earlier = inputs[_EARLIER_AUDIENCES].rows(context) if inputs[_EARLIER_AUDIENCES].slices() else None
    members = capped(chosen, section.cap, earlier).withColumn("held_out", is_held_out(section.hold_out)).persist()
    matched, counts = count_matching(people, range(len(groups))), count_members(members)
    sizes = [
        _sizes(context, inputs, place, {**matched[place], **counts.get(place, {})}, fitted[place])
        for place in range(len(groups))
    ]
    shared = [
        {"audience": groups[place].name, "other": groups[other].name, "users": users}
        for place, other, users in overlaps(members)
    ]
    names = F.array(*(F.lit(each.name) for each in groups))
    rows = members.where(~F.col("is_capped")).withColumn("audience", F.element_at(names, F.col("place") + 1))
    return Made(rows.withColumn("dt", F.lit(context.dt)), sizes, shared, (people, members))


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


def _seeds(context: RunContext, inputs: Inputs, name: str) -> "DataFrame":
    rows = inputs["seeds"].rows(context)
    return rows.where(rows["list"] == name).select("user_id").distinct()


def _fitted(context: RunContext, inputs: Inputs, group: AudienceConfig, permissions: Permissions) -> Fitted | None:
    """The audience's model; None where it has none."""
    if group.look_alike is not None:
        seeds = _seeds(context, inputs, group.look_alike.seeds)
        rows = labelled(inputs["customer_features"].rows(context), seeds, permissions.opt_outs)
        found = fit(rows, group.look_alike.sample, folds_of_users())
    elif group.propensity is not None:
        found = _fitted_propensity(context, inputs, group.propensity, permissions)
    else:
        return None
    if found.reason:
        get_logger().warning("audience is empty", audience=group.name, reason=found.reason)
    return found


def _fitted_propensity(context: RunContext, inputs: Inputs, propensity: Propensity, permissions: Permissions) -> Fitted:
    """Learnt as of earlier cut-offs, by what people did after each; where there are several, judged on the newest."""
    from pyspark.sql import functions as F

    earlier, user_days = inputs[_EARLIER_FEATURES].snapshot, inputs["user_days"].rows(context)
    cut_offs = cut_offs_of(context.day, propensity, earlier.days(**inputs[_EARLIER_FEATURES].selection))
    if not cut_offs:
        wanted = context.days_before(propensity.within_days)
        remedy = f"no customer features of {wanted} or shortly before; run `interest profiles --day {wanted}`"
        return Fitted(None, None, 0, remedy)
    parts = []
    for each in cut_offs:
        did = who_did(user_days, propensity.behavior, each, each + timedelta(propensity.within_days))
        rows = labelled(earlier.read(context.spark, day=each.isoformat()), did, permissions.opt_outs)
        parts.append(rows.withColumn("newest", F.lit(each == cut_offs[0])))
    newest = F.when(F.col("newest"), 0).otherwise(NEVER_JUDGED)
    return fit(together(parts), propensity.sample, newest if len(cut_offs) > 1 else folds_of_users())


def cut_offs_of(day: date, propensity: Propensity, known: Sequence[str]) -> list[date]:
    """The newest day with features at each multiple of the horizon before the day, newest first.

    >>> cut_offs_of(date(2026, 1, 30), Propensity(within_days=7, cut_offs=3), ["2026-01-15", "2026-01-23"])
    [datetime.date(2026, 1, 23), datetime.date(2026, 1, 15)]
    """
    found: list[date] = []
    for number in range(1, propensity.cut_offs + 1):
        last = day - timedelta(number * propensity.within_days)
        days = [date.fromisoformat(each) for each in known if each <= last.isoformat()]
        if days and (last - days[-1]).days <= _SLACK_DAYS and days[-1] not in found:
            found.append(days[-1])
    return found


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
        "audiences": made.rows,
    }
    empty = {row["audience"]: row["reason"] for row in made.sizes if row["reason"]}
    return Result(frames, persisted=made.persisted, details={"audiences_left_out": empty} if empty else {})


def _guard(context: RunContext, inputs: Inputs) -> None:
    require_lists(context, inputs, LISTS)


def _earlier_features(context: RunContext, _: Snapshot) -> Selection:
    models = [each.propensity for each in context.config.audiences.groups] if context.config.audiences else []
    spans = [(each.within_days, each.within_days * each.cut_offs) for each in models if each is not None]
    if not spans:
        return NOTHING
    first, last = max(most for _, most in spans) + _SLACK_DAYS + 1, min(least for least, _ in spans)
    return {"after": context.days_before(first), "through": context.days_before(last)}


def _days_of_labels(context: RunContext, snapshot: Snapshot) -> Selection:
    earlier = _earlier_features(context, snapshot)
    return NOTHING if earlier == NOTHING else {"after": earlier["after"], "through": context.dt}


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
        Read("seeds", newest_day),
        Read("customer_features", _earlier_features, alias=_EARLIER_FEATURES),
        Read("user_days", _days_of_labels),
        Read("audiences", _days_of_cap, alias=_EARLIER_AUDIENCES),
        Read("audience_sizes", _days_of_sizes, alias=_EARLIER_SIZES),
    ),
    writes=("audience_sizes", "audience_overlaps", "audiences"),
    settings=("audiences", "sources.consents.path"),
    revision=1,
    compute=_compute,
    guard=_guard,
)
