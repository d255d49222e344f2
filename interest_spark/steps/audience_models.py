"""The models of audiences by look-alike and propensity: learnt anew when they are too old, and kept between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from interest_spark.applications.audiences.labels import labelled, who_did
from interest_spark.applications.audiences.members import together
from interest_spark.applications.audiences.responders import FEATURES, Fitted, Lesson, fit, folds_of_users
from interest_spark.config.audiences import AudienceConfig, AudiencesConfig, Propensity
from interest_spark.foundation.digest import digest
from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.log import get_logger
from interest_spark.models.customer_trees import NEVER_JUDGED, Auc, CustomerTrees
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import NOTHING, Inputs, Newest, Read, Selection, newest_day
from interest_spark.storage.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MODELS = "audience_models"
_EARLIER_FEATURES, _EARLIER_MODELS = "earlier_features", "earlier_models"
_REVISION = 1
"""Of how models learn: another one makes models of before learn anew."""
_SLACK_DAYS = 14
"""So much older than it should be may the newest day with features before a cut-off be."""


@dataclass(frozen=True)
class LearntOn:
    """A model and the day on which it learnt."""

    fitted: Fitted
    day: str


def learnt_models(
    context: RunContext, inputs: Inputs, groups: Sequence[AudienceConfig], opt_outs: "DataFrame | None"
) -> dict[int, LearntOn]:
    """Of each audience that has a model, by its place: one that is young enough, or one that learns now.

    All that are to learn do so side by side. One whose data lack what it needs comes without a model, and the reason.
    """
    found = {} if context.force else _young(context, inputs, groups)
    lessons: dict[int, Lesson] = {}
    for place, group in enumerate(groups):
        if place in found or group.kind == "rule":
            continue
        lesson = _lesson(context, inputs, group, opt_outs)
        if isinstance(lesson, str):
            found[place] = LearntOn(Fitted(None, None, 0, lesson), context.dt)
        else:
            lessons[place] = lesson
    found |= {place: LearntOn(each, context.dt) for place, each in fit(lessons).items()}
    for place, each in found.items():
        if each.fitted.reason:
            get_logger().warning("audience is empty", audience=groups[place].name, reason=each.fitted.reason)
    return found


def rows_of_models(learnt: Mapping[int, LearntOn], groups: Sequence[AudienceConfig]) -> list[Mapping[str, Any]]:
    """Rows of `audience_models`: all models that the day's audiences were chosen by."""
    rows = list[Mapping[str, Any]]()
    for place, each in learnt.items():
        if each.fitted.model is None:
            continue
        auc = each.fitted.auc
        rows.append(
            {
                "audience": groups[place].name,
                "rules": _rules(groups[place]),
                "learnt_on": each.day,
                "auc": auc and auc.value,
                "auc_low": auc and auc.low,
                "auc_high": auc and auc.high,
                "learnt_from": each.fitted.positives,
                "model": each.fitted.model.to_json(),
            }
        )
    return rows


def seeds_named(context: RunContext, inputs: Inputs, name: str) -> "DataFrame":
    """The ids on a list of seeds."""
    rows = inputs["seeds"].rows(context)
    return rows.where(rows["list"] == name).select("user_id").distinct()


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


def _young(context: RunContext, inputs: Inputs, groups: Sequence[AudienceConfig]) -> dict[int, LearntOn]:
    """Models of the newest earlier day that were to learn the same, and have not learnt too long ago."""
    earlier, section = inputs[_EARLIER_MODELS], context.config.audiences
    assert section is not None  # without it there are no audiences
    rows = earlier.snapshot.read_small(**earlier.selection).to_pylist() if earlier.slices() else []
    oldest = context.days_before(section.retrain_days)
    kept = {(row["audience"], row["rules"]): row for row in rows if row["learnt_on"] > oldest}
    found = {}
    for place, group in enumerate(groups):
        row = kept.get((group.name, _rules(group)))
        if row is not None:
            auc = None if row["auc"] is None else Auc(row["auc"], row["auc_low"], row["auc_high"])
            found[place] = LearntOn(Fitted(_kept(context, row), auc, row["learnt_from"]), row["learnt_on"])
    return found


def _kept(context: RunContext, row: Mapping[str, Any]) -> CustomerTrees:
    try:
        return CustomerTrees.from_json(row["model"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadDataError(
            f"the model that audience {row['audience']!r} has learnt on {row['learnt_on']} cannot be read "
            f"({type(error).__name__}: {error}); make it anew with `interest audience --day {context.dt} --force`"
        ) from error


def _rules(group: AudienceConfig) -> str:
    """Names what the audience's model learns, and from what."""
    learns = group.model_dump(mode="json", include={"look_alike", "propensity"})
    return digest([_REVISION, learns, FEATURES])[:12]


def _lesson(context: RunContext, inputs: Inputs, group: AudienceConfig, opt_outs: "DataFrame | None") -> Lesson | str:
    """What the audience's model is to learn, or why it cannot."""
    if group.look_alike is not None:
        seeds = seeds_named(context, inputs, group.look_alike.seeds)
        rows = labelled(inputs["customer_features"].rows(context), seeds, opt_outs)
        return Lesson(rows, group.look_alike.sample, folds_of_users())
    assert group.propensity is not None  # it is no rule
    return _lesson_of_propensity(context, inputs, group.propensity, opt_outs)


def _lesson_of_propensity(
    context: RunContext, inputs: Inputs, propensity: Propensity, opt_outs: "DataFrame | None"
) -> Lesson | str:
    """As of earlier cut-offs, what people did after each; where there are several, judged on the newest."""
    from pyspark.sql import functions as F

    earlier, user_days = inputs[_EARLIER_FEATURES].snapshot, inputs["user_days"].rows(context)
    cut_offs = cut_offs_of(context.day, propensity, earlier.days(**inputs[_EARLIER_FEATURES].selection))
    if not cut_offs:
        wanted = context.days_before(propensity.within_days)
        return f"no customer features of {wanted} or shortly before; run `interest profiles --day {wanted}`"
    parts = []
    for each in cut_offs:
        did = who_did(user_days, propensity.behavior, each, each + timedelta(propensity.within_days))
        rows = labelled(earlier.read(context.spark, day=each.isoformat()), did, opt_outs)
        parts.append(rows.withColumn("newest", F.lit(each == cut_offs[0])))
    newest = F.when(F.col("newest"), 0).otherwise(NEVER_JUDGED)
    return Lesson(together(parts), propensity.sample, newest if len(cut_offs) > 1 else folds_of_users())


def _models_before(context: RunContext) -> Selection:
    section = context.config.audiences
    days = section.retrain_days if section else AudiencesConfig.model_fields["retrain_days"].default
    return {"after": context.days_before(days), "through": context.days_before(1)}


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


OF_MODELS = (
    Read("seeds", newest_day),
    Read("customer_features", _earlier_features, alias=_EARLIER_FEATURES),
    Read("user_days", _days_of_labels),
    Read(MODELS, Newest(_models_before), alias=_EARLIER_MODELS),
)
"""What models are learnt from, beside the day's features."""
