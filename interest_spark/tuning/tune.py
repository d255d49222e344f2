"""Trials one after another, each written down when it ends, and at last the best configuration as a file."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from optuna.trial import FrozenTrial, Trial, TrialState

from interest_spark.config.deployment import Config
from interest_spark.config.file import document_of, with_settings
from interest_spark.config.search_space import SearchSpace, chosen_by, settings_of, tuned_keys
from interest_spark.foundation.digest import digest
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline import runner
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.steps.training import TRAIN
from interest_spark.tuning.fold import InnerFold
from interest_spark.tuning.plots import plot_history, plot_importance
from interest_spark.tuning.study import PrunerName, Study, opened_study
from interest_spark.tuning.trial import run_trial

BEST = "best.yaml"


@dataclass(frozen=True)
class TuningPlan:
    """What is tried, where it is recorded, and how long: until `trials` are finished, those of earlier runs counted,
    and, where `minutes` are given, beginning none after that time.
    """

    space: SearchSpace
    space_file: Path
    folder: Path
    trials: int = 20
    minutes: float | None = None
    held_out_days: int = 7
    pruner: PrunerName = "median"
    seed: int = 0


def tune(context: RunContext, plan: TuningPlan) -> Outcome:
    """Try settings for a model of the day of `context`, which is the last one that anything is known of.

    Nothing is published. The plan's folder gets the study, `history.svg`, `importance.svg`, and `best.yaml`, a whole
    configuration with the best settings.
    """
    base = with_settings(context.config, {"train.mode": "full"}, plan.space_file)  # a parent has seen later settings
    fold = InnerFold(context, plan.folder.absolute(), plan.held_out_days)
    begun_with = _begun_with(context, base, fold, plan)
    with opened_study(plan.folder, plan.space, begun_with, plan.pruner, plan.seed) as study:
        before = len(study.finished)
        _run_trials(context, base, fold, study, plan)
        finished = study.finished
        importances = study.importances()
        plot_history(finished, plan.folder / "history.svg")
        plot_importance(importances, plan.folder / "importance.svg")
        details = {"tuning": {**_summary(context, study, plan), "importance": importances}}
    return Outcome("done" if len(finished) > before else NOTHING_TO_DO.status, details=details)


def _begun_with(context: RunContext, base: Config, fold: InnerFold, plan: TuningPlan) -> dict[str, Any]:
    """All that a trial's figure follows from beside what is tuned."""
    fixed = runner.settings_of(TRAIN, RunContext(base, context.day))
    tuned = tuple(f"{key}." for key in tuned_keys(plan.space))
    return {
        **{key: value for key, value in fixed.items() if not f"{key}.".startswith(tuned)},
        **{f"space of {key}": values.model_dump(mode="json") for key, values in plan.space.items()},
        "day": context.dt,
        "histories": fold.content_id,
        "held out days": plan.held_out_days,
        "pruner": plan.pruner,
        "seed": plan.seed,
        "revision of training": TRAIN.revision,
    }


def _run_trials(context: RunContext, base: Config, fold: InnerFold, study: Study, plan: TuningPlan) -> None:
    default = chosen_by(base, plan.space, plan.space_file)
    started, first = time.monotonic(), len(study.finished)
    while (number := len(study.finished)) < plan.trials:
        spent = time.monotonic() - started
        if plan.minutes is not None and spent > 60 * plan.minutes:
            get_logger().info("time is up", trials=number, of=plan.trials, minutes=round(spent / 60, 1))
            return
        trial = study.propose(default)
        get_logger().info("trial started", trial=number + 1, of=plan.trials, **trial.params)
        _run_one(context, base, fold, study, trial, plan)
        _tell(study, number + 1, started, first, plan)


def _run_one(context: RunContext, base: Config, fold: InnerFold, study: Study, trial: Trial, plan: TuningPlan) -> None:
    def report(epoch: int, ndcg: float) -> bool:
        trial.report(ndcg, epoch)
        return bool(trial.should_prune())

    if known := study.known_result(trial):
        study.complete(trial, known.value or 0.0, **known.user_attrs)
        return
    if study.is_hopeless(trial):
        study.give_up(trial, "it was begun several times and never came to an end")
        return
    try:
        config = with_settings(base, settings_of(plan.space, trial.params), plan.space_file)
    except ConfigError as error:  # such as a width that the heads do not divide
        study.give_up(trial, str(error))
        return
    settings = config.model_dump(mode="json", include={"train", "blocks"})
    name = f"trial-{digest(settings)[:12]}"
    try:
        found = run_trial(context, config, fold, name, plan.folder.absolute(), report)
    except BadDataError as error:
        if study.best is None:  # it is not the settings' fault
            raise
        study.give_up(trial, str(error))  # such as a learning rate with which the loss is no number
        return
    if found is None:
        study.give_up(trial, "earlier trials were better after as many epochs")
    else:
        figures = {"best_epoch": found.best_epoch, "parameters": found.parameters, "seconds": found.seconds}
        study.complete(trial, found.ndcg, **figures)


def _tell(study: Study, number: int, started: float, first: int, plan: TuningPlan) -> None:
    """Log how the trial ended and how long the others will take."""
    trial, best = study.finished[-1], study.best
    a_trial = (time.monotonic() - started) / (number - first)
    left = a_trial * (plan.trials - number)
    if plan.minutes is not None:
        left = max(0.0, min(left, 60 * plan.minutes - (time.monotonic() - started)))
    get_logger().info(
        "trial finished",
        trial=number,
        of=plan.trials,
        ndcg=None if trial.state != TrialState.COMPLETE else round(trial.value or 0.0, 5),
        epochs=max(trial.intermediate_values, default=0),
        reason=trial.user_attrs.get("reason"),
        best=None if best is None else round(best.value or 0.0, 5),
        seconds_left=round(left),
    )


def _summary(context: RunContext, study: Study, plan: TuningPlan) -> dict[str, Any]:
    """What the report says; the best configuration is written as well."""
    finished, best = study.finished, study.best
    states = [trial.state for trial in finished]
    summary: dict[str, Any] = {
        "day": context.dt,
        "folder": str(plan.folder),
        "trials": len(finished),
        "ended_early": states.count(TrialState.PRUNED),
    }
    if best is None:
        return summary
    settings = _best_settings(context.config, plan.space, best)
    _write_best(with_settings(context.config, settings, plan.space_file), plan.folder / BEST)
    return {
        **summary,
        "best_trial": 1 + next(place for place, trial in enumerate(finished) if trial.number == best.number),
        "ndcg": best.value,
        "first_ndcg": finished[0].value,
        "set": [f"{key}={_as_yaml(value)}" for key, value in settings.items()],
    }


def _as_yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True).splitlines()[0])


def _best_settings(config: Config, space: SearchSpace, best: FrozenTrial) -> Mapping[str, Any]:
    """The best trial's settings, and for how many epochs to train where nothing is held out that could tell."""
    epochs = {} if config.train.patience is not None else {"train.epochs": best.user_attrs["best_epoch"]}
    settings = settings_of(space, best.params)
    schedule = settings.get("train.optimizer.schedule", config.train.optimizer.schedule)
    # A schedule that falls over the whole run is another one where the run is shorter.
    return {**settings, **(epochs if schedule == "constant" else {})}


def _write_best(config: Config, path: Path) -> None:
    """For the owner's eyes alone: the deployment's own file may hold secrets of Spark's."""
    draft = path.with_name(f".{path.name}.draft")
    text = yaml.safe_dump(document_of(config), sort_keys=False, allow_unicode=True)
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
