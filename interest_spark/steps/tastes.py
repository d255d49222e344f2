"""The serving network's vectors of the day's users and of its items to clusters of items and users' tastes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from interest_spark.applications.tastes.build import CLUSTERS, TASTES, TastesBuild, build_tastes
from interest_spark.config.profiles import TastesConfig
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.locations import Location
from interest_spark.foundation.log import get_logger
from interest_spark.models.card import ModelCard, read_card
from interest_spark.models.collaborative.card import is_collaborative
from interest_spark.models.published import Model, version_in
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, newest_day, own_model
from interest_spark.steps.promote import CHAMPION_OF_THE_DAY, champion_of_the_day
from interest_spark.steps.score import NEWEST_MODEL, newest_model
from interest_spark.storage.bundles import BUNDLES, check_bundle, read_config
from interest_spark.storage.folder_files import delete_folder

Serving = Callable[[RunContext, Inputs], Model]
"""The model that serves on the run's day, of a step that reads what says so."""

_VECTORS = "user_vectors"


def _section(context: RunContext) -> TastesConfig:
    assert context.config.profiles is not None  # without it the step is left out, nor is it made without the next
    assert context.config.profiles.tastes is not None
    return context.config.profiles.tastes


def _inapplicable(serving: Serving, read: Read, context: RunContext, inputs: Inputs) -> str | None:
    reason = _why_none(serving, read, context, inputs)
    if reason:
        get_logger().info("no tastes", reason=reason)
    return reason


def _why_none(serving: Serving, read: Read, context: RunContext, inputs: Inputs) -> str | None:
    """Why the day can have no tastes; None where it can."""
    name = context.served_model
    if not inputs[read.name].slices():
        return f"no model {name} serves on {context.dt}"
    if not inputs[_VECTORS].slices():
        return f"{_VECTORS} has no {context.dt} of model {name}; `interest score --day {context.dt}` makes it"
    model = serving(context, inputs)
    config = read_config(model.path)
    if is_collaborative(config):
        return f"{model.version} serves, a collaborative model, whose scores are no logarithms of probabilities"
    if _scale(read_card(config)) is None:
        return (
            f"{model.version} serves, of an earlier release, which did not note what its loss multiplied cosines by; "
            "a model of `interest train` has it noted"
        )
    return None


def _scale(card: ModelCard) -> float | None:
    """What the model's softmax multiplies scores by; None where nobody knows: before it was noted, 1 was usual."""
    return 1.0 if card.score_scale is None and not card.network.unit_vectors else card.score_scale


def _compute(serving: Serving, context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    model, users = serving(context, inputs), inputs[_VECTORS].files()
    made_by = version_in(users)
    if made_by not in ("", model.version):
        raise ConfigError(
            f"the {_VECTORS} of {context.dt} are of model {made_by}, and {model.version} serves; run "
            f"`interest score --day {context.dt}`, which makes them anew first"
        )
    check_bundle(model.path, model.manifest_sha256)
    scale = _scale(read_card(read_config(model.path)))
    assert scale is not None  # else the step does not apply
    work = context.warehouse.root / BUNDLES / f".{model.version}-tastes.{context.run_id}.work"

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        build = TastesBuild(
            context.dt,
            model,
            scale,
            _section(context),
            tuple(users),
            tuple(inputs["popularity"].files()),
            tuple(inputs["items"].files()),
            folders,
            str(work / TASTES),
        )
        return _build_in(work, context, build)

    return Result(write=write)


def _build_in(work: Location, context: RunContext, build: TastesBuild) -> Mapping[str, Sequence[str]]:
    try:
        return build_tastes(context.spark, build)
    finally:
        delete_folder(work)


TASTES_STEP = Step(
    name="tastes",
    reads=(
        Read(_VECTORS, own_model),
        replace(NEWEST_MODEL, required=False),
        Read("popularity"),
        Read("items", newest_day),
    ),
    writes=(CLUSTERS, TASTES),
    settings=("profiles.tastes",),
    revision=1,
    compute=partial(_compute, newest_model),
    inapplicable=partial(_inapplicable, newest_model, NEWEST_MODEL),
)
"""By the newest model."""

TASTES_BY_CHAMPION = replace(
    TASTES_STEP,
    reads=tuple(CHAMPION_OF_THE_DAY if each.table == NEWEST_MODEL.table else each for each in TASTES_STEP.reads),
    compute=partial(_compute, champion_of_the_day),
    inapplicable=partial(_inapplicable, champion_of_the_day, CHAMPION_OF_THE_DAY),
)
"""By the champion, where the deployment has the section `promote`."""
