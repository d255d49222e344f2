"""Every user's history to suggestions and a vector, and a reason for each user who has fewer than K."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pyspark import StorageLevel

from interest_spark.foundation.errors import ConfigError
from interest_spark.models.published import Model, model_of
from interest_spark.models.served import lists_of
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import (
    Assignment,
    Inputs,
    Newest,
    Read,
    Result,
    Selection,
    Step,
    Target,
    makes_through_day,
)
from interest_spark.schemas.tokens import INPUTS, source_lists
from interest_spark.serving.score import answer_users, recommendations, unserved, user_vectors
from interest_spark.steps.described_users import check_described, described_users, made_from_users, users_of
from interest_spark.steps.gates import GATES, LISTS_BEFORE, check_lists, require_passed
from interest_spark.steps.promote import CHAMPION_OF_THE_DAY, champion_of_the_day
from interest_spark.storage.bundles import check_bundle
from interest_spark.storage.snapshot import Snapshot


class _NewestModel(Newest):
    """The run's own model of the last day up to its own; a backtest takes the day's served model where there is one."""

    def __call__(self, context: RunContext, table: Snapshot) -> Selection:
        """The selection of that model."""
        for name in (context.served_model, context.model):
            days = table.days(name=name, **self.among(context))
            if days and (days[-1] == context.dt or not context.backtest):
                return {"day": days[-1], "name": name}
        return {"day": context.dt, "name": context.model}


def newest_model(context: RunContext, inputs: Inputs) -> Model:
    """The model that serves on the run's day, of a step that reads NEWEST_MODEL."""
    return model_of(inputs["models"].files()[0], context.warehouse.root)


def _compute(
    model_in: Callable[[RunContext, Inputs], Model], context: RunContext, inputs: Inputs, assignment: Assignment
) -> Result:
    from pyspark.sql import functions as F

    config, day = context.config.score, F.lit(context.dt).alias("dt")
    model = model_in(context, inputs)
    check_bundle(model.path, model.manifest_sha256)
    _check_category_numbers(context, inputs, model)
    check_described(context, model)
    users = described_users(context, inputs)
    answers = answer_users(inputs["sequences"].rows(context), model, inputs["popularity"].files(), config, users)
    answers = answers.persist(StorageLevel.DISK_ONLY)  # encoded once, read three times
    frames = {
        "user_vectors": user_vectors(answers, model),
        "unserved": unserved(answers, inputs["bots"].rows(context), config),
        "recommendations": recommendations(answers, model),
    }
    dated = {table: frame.select("*", day) for table, frame in frames.items()}
    return Result(dated, check=partial(check_lists, context, inputs), persisted=(answers,))


def _check_category_numbers(context: RunContext, inputs: Inputs, model: Model) -> None:
    """Raise ConfigError if the model sees categories and the sequences are of an earlier release, which hashed them."""
    if "category" in lists_of(model) and not inputs["categories"].slices():
        raise ConfigError(
            f"the sequences of {context.dt} were made by an earlier release and hold no numbers of categories; "
            f"run `interest sequences --day {context.dt}` again"
        )


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    return Target({context.dt: made_from(step, context, inputs, **made_from_users(inputs))})


NEWEST_MODEL = Read("models", _NewestModel(makes_through_day), required=True)
"""The model by which the run's day is served, where the newest one serves."""

SCORE = Step(
    name="score",
    reads=(
        Read("sequences", required=True, columns=("user_id", "seen", *source_lists(INPUTS))),
        Read("popularity"),
        Read("bots"),
        Read("categories", exact=False),  # the sequences hold their numbers
        users_of(makes_through_day),
        NEWEST_MODEL,
        LISTS_BEFORE,
        GATES,
    ),
    writes=("user_vectors", "unserved", "recommendations"),
    settings=("score",),
    irrelevant=("score.batch_users",),
    revision=1,
    compute=partial(_compute, newest_model),
    target=_target,
    guard=require_passed,
)
"""With the newest model."""

SCORE_BY_CHAMPION = replace(
    SCORE,
    reads=tuple(CHAMPION_OF_THE_DAY if each is NEWEST_MODEL else each for each in SCORE.reads),
    compute=partial(_compute, champion_of_the_day),
)
"""With the champion, where the deployment has the section `promote`; a backtest has none."""
