"""Several models trained and judged on the same days, under names of their own: nothing that was served is touched."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel

from interest_spark.evaluation.baselines.baseline import Known
from interest_spark.evaluation.compare import Compared, compare_lists
from interest_spark.evaluation.evaluate import add_baselines, may_not_be_suggested, published_lists
from interest_spark.models.training.plan import RESULT
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import Work
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step, Target
from interest_spark.steps.contenders import Contender
from interest_spark.steps.evaluate import (
    JUDGED_BY,
    JUDGED_BY_SETTINGS,
    check_length,
    cutoff_of,
    judged_users,
    split_name,
    what_was_known,
)
from interest_spark.steps.nightly import before_judging, job
from interest_spark.storage.bundles import bundle_path
from interest_spark.storage.damage import read_bytes
from interest_spark.storage.table_schemas import spark_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_MOST_BYTES = 1 << 20


def comparison(context: RunContext, contenders: Sequence[Contender]) -> Iterator[Work]:
    """The steps: histories of the cutoff, each model's blocks, training and lists, and the judgement of all."""
    check_length(context)
    yield from before_judging(context)
    for each in _trainings(contenders):
        for name in ("train", "score"):
            yield from job(name, each.context(context))
    yield compare_step(context, contenders), context


def compared_as(contenders: Sequence[Contender]) -> str:
    """What the comparison is called in the table."""
    names = "+".join(each.name for each in contenders)
    seeds = max(len(each.trainings) for each in contenders)
    return names if seeds == 1 else f"{names}-{seeds}-seeds"


def compare_step(context: RunContext, contenders: Sequence[Contender]) -> Step:
    """The judgement of these contenders for the run's day."""
    first, *others = _trainings(contenders)
    return Step(
        name="compare",
        reads=(
            Read("recommendations", _made_for(first, context), required=True),
            Read("unserved", _made_for(first, context)),
            *(Read("recommendations", _made_for(each, context), _lists_of(each), required=True) for each in others),
            *(Read("models", _made_for(each, context), _model_of(each), required=True) for each in (first, *others)),
            *JUDGED_BY,
        ),
        writes=("comparisons",),
        settings=JUDGED_BY_SETTINGS,
        irrelevant=("evaluate.backtest", "evaluate.baselines", "evaluate.list_metrics", "score.batch_users"),
        revision=1,
        compute=partial(_compute, contenders),
        target=partial(_target, contenders),
    )


def _made_for(contender: Contender, context: RunContext) -> Any:
    selection: Selection = {"day": cutoff_of(context), "name": contender.context(context).model}
    return lambda context, table: selection


def _lists_of(contender: Contender) -> str:
    return f"lists of {contender.name}"


def _model_of(contender: Contender) -> str:
    return f"model {contender.name}"


def _target(contenders: Sequence[Contender], step: Step, context: RunContext, inputs: Inputs) -> Target:
    return Target({context.dt: made_from(step, context, inputs)}, model=compared_as(contenders))


def _compute(contenders: Sequence[Contender], context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    settings = context.config.evaluate
    judged = judged_users(context, inputs).persist(StorageLevel.DISK_ONLY)
    known = what_was_known(context, inputs)
    lists = _lists(contenders, inputs, judged, known, context)
    columns = {each.name: [one.name for one in each.trainings] or [each.name] for each in contenders}
    found = compare_lists(lists, columns, settings.metrics, settings.k)
    trained = {each.name: _training_of(each, context, inputs) for each in contenders if each.config is not None}
    split = split_name(settings)
    rows = [{"split": split, "dt": context.dt, **_row(each), **trained.get(each.model, {})} for each in found]
    frame = context.spark.createDataFrame(rows, spark_schema("comparisons").add("dt", "string"))
    forget = partial(known.forget, _baselines(contenders))
    return Result({"comparisons": frame.coalesce(1)}, persisted=(judged,), finish=forget)


def _lists(
    contenders: Sequence[Contender], inputs: Inputs, judged: "DataFrame", known: Known, context: RunContext
) -> "DataFrame":
    """The judged users with the list of each training and of each baseline, in a column of its name."""
    first, *others = _trainings(contenders)
    lists = may_not_be_suggested(judged, context.config.score)
    for each in (first, *others):
        source = inputs["recommendations" if each is first else _lists_of(each)].rows(context)
        own = published_lists(source).select("user_id", "model").withColumnRenamed("model", each.name)
        lists = lists.join(own, "user_id", how="left")
    return add_baselines(lists, _baselines(contenders), known, context.config.evaluate.k)


def _trainings(contenders: Sequence[Contender]) -> list[Contender]:
    return [one for each in contenders for one in each.trainings]


def _baselines(contenders: Sequence[Contender]) -> list[str]:
    return [each.name for each in contenders if each.config is None]


def _training_of(contender: Contender, context: RunContext, inputs: Inputs) -> Mapping[str, Any]:
    """What training the contender took: of several trainings the mean time and the most memory."""
    each = [_one_training(one, context, inputs) for one in contender.trainings]
    memory = [one["peak_memory_mb"] for one in each if one["peak_memory_mb"] is not None]
    return {
        "model_version": each[0]["model_version"],
        "parameters": each[0]["parameters"],
        "train_seconds": fmean(one["train_seconds"] for one in each),
        "peak_memory_mb": max(memory, default=None),
        "seeds": len(each),
    }


def _one_training(contender: Contender, context: RunContext, inputs: Inputs) -> Mapping[str, Any]:
    table = inputs[_model_of(contender)]
    (row,) = table.snapshot.read_small(**table.selection).to_pylist()
    told = {name: row[name] for name in ("model_version", "parameters", "train_seconds")}
    if contender.config is not None and contender.config.collaborative is not None:  # fitted inside Spark's tasks
        return {**told, "peak_memory_mb": None}
    place = bundle_path(context.warehouse.root, row["path"]) / RESULT
    return {**told, "peak_memory_mb": json.loads(read_bytes(place, _MOST_BYTES))["peak_memory_mb"]}


def _row(compared: Compared) -> dict[str, Any]:
    value, difference = compared.value, compared.difference
    return {
        "model": compared.model,
        "metric": compared.metric,
        "value": value.difference if value.users else None,
        "low": value.low,
        "high": value.high,
        "difference": difference.difference if difference and difference.users else None,
        "difference_low": difference.low if difference else None,
        "difference_high": difference.high if difference else None,
        "users": value.users,
        "seed_deviation": compared.deviation,
    }
