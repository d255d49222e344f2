"""Features of past days and what users did since, to a model of who stays away; and the warnings of a day."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from interest_spark.applications.churn.fit import (
    TRAINING,
    VALIDATION,
    Cutoff,
    FitPlan,
    Fitted,
    TooFewRowsError,
    fit_churn,
)
from interest_spark.applications.churn.labels import LabelRules
from interest_spark.applications.churn.learners import Growth
from interest_spark.applications.churn.model import version_named
from interest_spark.applications.churn.score import CHURN, MODELS, ChurnBuild, build_churn
from interest_spark.config.churn import ChurnConfig
from interest_spark.features.customers.carried import DAYS
from interest_spark.features.customers.features import FEATURE_TABLE
from interest_spark.foundation.digest import digest
from interest_spark.foundation.locations import Location
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from, settings_of
from interest_spark.pipeline.step import (
    Assignment,
    Inputs,
    Newest,
    Read,
    Result,
    Step,
    Target,
    makes_through_day,
    through_day,
)
from interest_spark.schemas.customer_features import LONGEST_DAYS
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import bucket_count
from interest_spark.storage.bundles import BUNDLES
from interest_spark.storage.folder_files import delete_folder
from interest_spark.storage.parts import write_part
from interest_spark.storage.snapshot import Snapshot

_OF_RULES = tuple(LabelRules.__dataclass_fields__)
_OF_GROWTH = tuple(Growth.__dataclass_fields__)


def section_of(context: RunContext) -> ChurnConfig:
    """The section `churn`."""
    section = context.config.churn
    assert section is not None  # without it the steps are left out
    return section


def rules_of(section: ChurnConfig) -> LabelRules:
    """When somebody has churned, by the section."""
    return LabelRules(**section.model_dump(include=set(_OF_RULES)))


def _days_before(day: str, days: int) -> str:
    return (date.fromisoformat(day) - timedelta(days)).isoformat()


def cutoff_days(section: ChurnConfig, day: str, days: Sequence[str]) -> tuple[list[str], str | None]:
    """Of days with features, ascending: those to learn from, ascending, and the one to judge by, if there is one.

    Labels of the judging day are known on the `day`, those of the training days on the judging day.
    """
    known = [each for each in days if each <= _days_before(day, section.label_days)]
    if not known:
        return [], None
    judging, training = known[-1], list[str]()
    latest = _days_before(judging, section.label_days)
    for each in reversed(known):
        if each <= latest and len(training) < section.cutoffs:
            training.append(each)
            latest = _days_before(each, section.cutoff_days)
    return training[::-1], judging


def _cutoffs(context: RunContext, inputs: Inputs) -> tuple[list[str], str | None]:
    return cutoff_days(section_of(context), context.dt, inputs[FEATURE_TABLE].snapshot.days(through=context.dt))


def _young_model(context: RunContext, inputs: Inputs) -> str | None:
    """A model that is younger than `churn.retrain_days`, and made by the same settings, goes on serving."""
    if context.force:
        return None
    earliest, models = context.days_before(section_of(context).retrain_days), inputs[MODELS].snapshot
    settings = settings_of(CHURN_MODEL, context)
    for each in reversed(models.slices(after=earliest, through=context.days_before(1))):
        made = models.made_from(each)
        has_model = models.read_small(day=each.day)["model_version"].null_count == 0
        if made is not None and made.settings == settings and has_model:
            return f"the model of {each.day} is younger than churn.retrain_days"
    return None


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """The model follows from the features of its cut-off days alone, and from what users did since."""
    training, judging = _cutoffs(context, inputs)
    features = inputs[FEATURE_TABLE].snapshot
    contents = {each: features.content_id(day=each) for each in (*training, *([judging] if judging else []))}
    return Target({context.dt: made_from(step, context, inputs, cutoffs=digest(sorted(contents.items())))})


def _fit(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    row: dict[str, Any] = dict.fromkeys(TABLES[MODELS].names)
    plan = _plan(context, inputs)
    if isinstance(plan, str):
        row["reason"] = plan
    else:
        try:
            row |= _row(plan, fit_churn(context.spark, plan))
        except TooFewRowsError as error:
            row["reason"] = str(error)
        finally:
            delete_folder(work_folder(context, plan.version))
    if row["reason"]:
        get_logger().warning("no churn model", reason=row["reason"])

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        rows = pa.Table.from_pylist([row], TABLES[MODELS])
        return {MODELS: [write_part(folders[MODELS], MODELS, context.dt, rows, 0)]}

    told = {name: row[name] for name in _TOLD if row[name] is not None}
    return Result(write=write, details={"churn_model": told})


_TOLD = ("reason", "model_version", "training_rows", "judged_rows", "auc", "lift", "precision", "recall")


def _plan(context: RunContext, inputs: Inputs) -> FitPlan | str:
    """What is to be learnt, or why nothing can be."""
    section, features = section_of(context), inputs[FEATURE_TABLE].snapshot
    training, judging = _cutoffs(context, inputs)
    if not training or judging is None:
        return _too_short(context, section, judging)
    files = {each: tuple(features.files(day=each)) for each in (*training, judging)}
    days = tuple(inputs[DAYS].files())
    buckets = bucket_count([*days, *(path for paths in files.values() for path in paths if paths)][:1])
    counts = {bucket_count(list(each)) for each in (days, *files.values())}
    if buckets is None or None in counts:
        return (
            f"this release cannot tell the buckets of {DAYS} of {context.dt} or of {FEATURE_TABLE} of a cut-off day; "
            f"run `interest profiles --day DAY --force` for each of {', '.join((*training, judging, context.dt))}"
        )
    settings = settings_of(CHURN_MODEL, context)
    version = version_named(context.dt, digest([sorted(settings.items()), training, judging]))
    rows = sum(_rows_of(features, each) for each in training)
    return FitPlan(
        version=version,
        rules=rules_of(section),
        cutoffs=[
            *(Cutoff(date.fromisoformat(each), files[each], TRAINING) for each in training),
            Cutoff(date.fromisoformat(judging), files[judging], VALIDATION),
        ],
        days=days,
        buckets=buckets,
        history_days=_history_days(context, training[0]),
        share=min(section.max_rows / max(rows, 1), 1.0),
        folder=str(work_folder(context, version) / "churn"),
        learner=section.learner,
        imbalance=section.imbalance,
        calibration=section.calibration,
        recall=section.recall,
        growth=Growth(**section.model_dump(include=set(_OF_GROWTH))),
    )


def _history_days(context: RunContext, first: str) -> int:
    """As many days as are carried of before the first cut-off, where these are more than features look back."""
    profiles = context.config.profiles
    assert profiles is not None  # the configuration sees to it
    found = profiles.window_days - (context.day - date.fromisoformat(first)).days
    return found if found > LONGEST_DAYS else 0


def work_folder(context: RunContext, version: str) -> Location:
    """Where files lie on the way to what has that name, as those of other models do."""
    return context.warehouse.root / BUNDLES / f".{version}.{context.run_id}.work"


def _rows_of(features: Snapshot, day: str) -> int:
    paths = [path for each in features.slices(day=day) for path in features.files_of(each)]
    return sum(rows or 0 for rows in features.rows_of(paths).values())


def _too_short(context: RunContext, section: ChurnConfig, judging: str | None) -> str:
    known = section.label_days
    latest = _days_before(judging or context.days_before(known), known)
    return (
        f"{FEATURE_TABLE} has no day up to {latest}, of which it would be known by now who stayed away, and a model is "
        f"judged {known} days later; make past days with `interest backfill --from DAY --day {context.dt} --steps "
        "sequences --steps profiles`, or shorten churn.horizon_days, churn.rhythm_most_days and churn.gap_days"
    )


def _row(plan: FitPlan, fitted: Fitted) -> dict[str, Any]:
    figures, training, judged = fitted.judged.figures, fitted.training, fitted.judged
    shown = {name: getattr(figures, name) for name in _FIGURES}
    return {
        "model_version": plan.version,
        "cutoffs": [each.day.isoformat() for each in plan.cutoffs if each.role == TRAINING],
        "validated_on": plan.cutoffs[-1].day.isoformat(),
        "training_rows": training.rows,
        "training_churners": training.churners,
        "resampled_rows": training.resampled,
        "judged_rows": figures.rows,
        "judged_churners": figures.churners,
        **shown,
        "threshold": judged.threshold,
        "foretold": list(judged.foretold),
        "came_true": list(judged.came_true),
        "model": fitted.model.to_text(),
    }


_FIGURES = (
    *("auc", "lift", "calibration_error", "precision", "recall"),
    *("baseline_auc", "auc_above_baseline", "above_low", "above_high"),
)

CHURN_MODEL = Step(
    name="churn_model",
    reads=(
        Read(FEATURE_TABLE, through_day, exact=False, daily=True),
        Read(DAYS, required=True),
        Read(MODELS, through_day, exact=False),
    ),
    writes=(MODELS,),
    settings=("churn", "profiles.window_days"),
    irrelevant=("churn.reasons", "churn.retrain_days"),
    revision=2,
    compute=_fit,
    target=_target,
    inapplicable=_young_model,
)


def _warn(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    files = inputs[FEATURE_TABLE].files()

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        models, days = (tuple(inputs[table].files()) for table in (MODELS, DAYS))
        build = ChurnBuild(context.day, days, models, section_of(context).reasons, folders[CHURN])
        return {CHURN: build_churn(context.spark, build, files)}

    return Result(write=write)


CHURN_STEP = Step(
    name="churn",
    reads=(
        Read(FEATURE_TABLE, required=True),
        Read(DAYS, required=True),
        Read(MODELS, Newest(makes_through_day), required=True),
    ),
    writes=(CHURN,),
    settings=("churn.reasons",),
    revision=1,
    compute=_warn,
)
