"""Several models trained and judged on the same days, under names of their own: nothing that was served is touched."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel

from interest_spark.config.collaborative import CollaborativeConfig
from interest_spark.config.deployment import Config
from interest_spark.config.evaluate import BASELINES
from interest_spark.config.file import load_config, with_settings
from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.names import known_name
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.evaluation.baselines.baseline import Known
from interest_spark.evaluation.compare import Compared, compare_lists
from interest_spark.evaluation.evaluate import add_baselines, may_not_be_suggested, published_lists
from interest_spark.foundation.errors import ConfigError
from interest_spark.models.training.plan import RESULT
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import Work
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step, Target
from interest_spark.steps.evaluate import (
    JUDGED_BY,
    JUDGED_BY_SETTINGS,
    check_length,
    cutoff_of,
    judged_users,
    split_name,
    what_was_known,
)
from interest_spark.steps.nightly import job
from interest_spark.storage.bundles import bundle_path
from interest_spark.storage.damage import read_bytes
from interest_spark.storage.table_schemas import spark_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_MODEL = ("train", "blocks", "collaborative")
"""The sections that say how a model is made."""

_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Contender:
    """Who is compared: a model with the configuration that it is trained by, or a baseline, which has none."""

    name: str
    config: Config | None

    def context(self, context: RunContext) -> RunContext:
        """The run that trains and scores it at the cutoff, as a backtest: what it makes was never shown to anybody."""
        assert self.config is not None
        train = self.config.train.model_copy(update={"mode": "full"})
        config = self.config.model_copy(update={"train": train})
        at_cutoff = context.on(date.fromisoformat(cutoff_of(context)), backtest=True)
        return replace(at_cutoff, config=config, compared_as=self.name)


def find_contenders(config: Config, names: Sequence[str]) -> list[Contender]:
    """Who is meant: a variant of the section `compare`, a kind of network or of collaborative model, a baseline, or a
    file ending in .yaml.

    Of a kind that is the deployment's own, its configuration; of others their defaults, of networks with the
    deployment's training. Of a file, such as `interest tune` writes, what says how a model is made. The first must be
    a model: it says whom all are judged for.
    """
    found = [_find(config, name) for name in names]
    twice = sorted({each.name for each in found if [other.name for other in found].count(each.name) > 1})
    if twice:
        raise ConfigError(f"model {twice[0]!r} is named twice in --models; name it once")
    if len(found) < 2:
        raise ConfigError("there is nothing to compare with; name two models or more: --models sasrec,popularity")
    if found[0].config is None:
        raise ConfigError(f"{found[0].name!r} is a baseline; name a model first in --models, and baselines after it")
    return found


def _find(config: Config, name: str) -> Contender:
    if name.endswith(".yaml"):
        other = load_config(name)
        return Contender(Path(name).stem, config.model_copy(update={each: getattr(other, each) for each in _MODEL}))
    variants, networks = config.compare.models, sections_by_kind(NetworkConfig)
    collaborative = sections_by_kind(CollaborativeConfig)
    try:
        known_name("model", name, list(dict.fromkeys([*variants, *networks, *collaborative, *BASELINES])))
    except ValueError as error:
        raise ConfigError(f"{error}, those of compare.models, or a file that ends in .yaml") from None
    if name in variants:
        return Contender(name, with_settings(config, variants[name], f"of compare.models.{name}"))
    if name in networks:
        network = config.model_copy(update={"collaborative": None})
        own = name == config.train.network.kind
        return Contender(name, network if own else with_settings(network, {"train.network": {"kind": name}}, name))
    if name in collaborative:
        own = config.collaborative is not None and name == config.collaborative.kind
        return Contender(name, config if own else with_settings(config, {"collaborative": {"kind": name}}, name))
    return Contender(name, None)


def comparison(context: RunContext, contenders: Sequence[Contender]) -> Iterator[Work]:
    """The steps: histories of the cutoff, each model's blocks, training and lists, and the judgement of all."""
    check_length(context)
    yield from job("sequences", context.on(date.fromisoformat(cutoff_of(context))))
    for each in (each for each in contenders if each.config is not None):
        for name in ("train", "score"):
            yield from job(name, each.context(context))
    yield compare_step(context, contenders), context


def compared_as(contenders: Sequence[Contender]) -> str:
    """What the comparison is called in the table."""
    return "+".join(each.name for each in contenders)


def compare_step(context: RunContext, contenders: Sequence[Contender]) -> Step:
    """The judgement of these contenders for the run's day."""
    first, *others = [each for each in contenders if each.config is not None]
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
    names = [each.name for each in contenders]
    found = compare_lists(lists, names, settings.metrics, settings.k)
    trained = {each.name: _training_of(each, context, inputs) for each in contenders if each.config is not None}
    split = split_name(settings)
    rows = [{"split": split, "dt": context.dt, **_row(each), **trained.get(each.model, {})} for each in found]
    frame = context.spark.createDataFrame(rows, spark_schema("comparisons").add("dt", "string"))
    forget = partial(known.forget, _baselines(contenders))
    return Result({"comparisons": frame.coalesce(1)}, persisted=(judged,), finish=forget)


def _lists(
    contenders: Sequence[Contender], inputs: Inputs, judged: "DataFrame", known: Known, context: RunContext
) -> "DataFrame":
    """The judged users with each contender's list, in a column of its name."""
    first, *others = [each for each in contenders if each.config is not None]
    lists = may_not_be_suggested(judged, context.config.score)
    for each in (first, *others):
        source = inputs["recommendations" if each is first else _lists_of(each)].rows(context)
        own = published_lists(source).select("user_id", "model").withColumnRenamed("model", each.name)
        lists = lists.join(own, "user_id", how="left")
    return add_baselines(lists, _baselines(contenders), known, context.config.evaluate.k)


def _baselines(contenders: Sequence[Contender]) -> list[str]:
    return [each.name for each in contenders if each.config is None]


def _training_of(contender: Contender, context: RunContext, inputs: Inputs) -> Mapping[str, Any]:
    """What training the contender took."""
    table = inputs[_model_of(contender)]
    (row,) = table.snapshot.read_small(**table.selection).to_pylist()
    told = {name: row[name] for name in ("model_version", "parameters", "train_seconds")}
    if contender.config is not None and contender.config.collaborative is not None:  # fitted inside Spark's tasks
        return told
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
    }
