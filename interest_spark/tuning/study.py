"""The record of trials: an Optuna study in a SQLite file, from which a tuner that was killed goes on as if it had not.

Optuna (Akiba et al. 2019, arXiv:1907.10902) proposes the settings of a trial by the tree-structured Parzen estimator
(Bergstra et al. 2011) from the trials before it. Here each proposal follows from the seed and the finished trials
alone: a trial that was running when the tuner was killed is proposed again, and so are all after it.
"""

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from interest_spark.config.search_space import Choice, FloatRange, IntRange, SearchSpace
from interest_spark.foundation.errors import BusyError, ConfigError
from interest_spark.foundation.log import get_logger

PrunerName = Literal["median", "halving", "none"]
PRUNERS: dict[PrunerName, Callable[[], BasePruner]] = {
    # Epochs count from 1: no trial ends after its first one, and none before four have shown what to expect.
    "median": lambda: MedianPruner(n_startup_trials=4, n_warmup_steps=2),
    # Asynchronous halving (Li et al. 2018, arXiv:1810.05934): after 2, 6, 18 … epochs the best third goes on.
    "halving": lambda: SuccessiveHalvingPruner(min_resource=2, reduction_factor=3),
    "none": NopPruner,
}
FILE = "study.db"

_RANDOM_TRIALS = 6  # before the estimator has something to learn from
_ATTEMPTS = 5  # of one trial: a network that does not fit into memory would else be tried for ever
_BEGUN_WITH, _REASON = "begun_with", "reason"
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@contextmanager
def opened_study(
    folder: Path, space: SearchSpace, begun_with: Mapping[str, Any], pruner: PrunerName, seed: int
) -> Iterator["Study"]:
    """The study of a folder, begun now or by an earlier run with the same settings; one process at a time has it.

    Raises BusyError while another one does, and ConfigError, naming what differs, where it was begun with others.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(f"another run tunes in {folder}; wait for its end, or name another --folder") from None
        storage = RDBStorage(f"sqlite:///{(folder / FILE).absolute()}")
        study = optuna.create_study(
            storage=storage, study_name="tune", direction="maximize", pruner=PRUNERS[pruner](), load_if_exists=True
        )
        _check_same(study, folder, begun_with)
        try:
            yield Study(study, space, seed)
        finally:
            storage.engine.dispose()


def _check_same(study: optuna.Study, folder: Path, begun_with: Mapping[str, Any]) -> None:
    before = study.user_attrs.get(_BEGUN_WITH)
    if before is None:
        study.set_user_attr(_BEGUN_WITH, dict(begun_with))
        return
    changed = sorted(key for key in before.keys() | begun_with.keys() if before.get(key) != begun_with.get(key))
    if changed:
        raise ConfigError(
            f"the trials in {folder} were begun with another {', '.join(changed)}, and figures of both would not "
            "compare; set that back, or name another --folder"
        )


class Study:
    """Trials of one search space."""

    def __init__(self, study: optuna.Study, space: SearchSpace, seed: int) -> None:
        self._study, self._space, self._seed = study, space, seed
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):  # of a run that was killed
            study.tell(trial.number, state=TrialState.FAIL)
            get_logger().info("trial is run again", trial=len(self.finished) + 1)

    @property
    def finished(self) -> list[FrozenTrial]:
        """The trials that came to an end, good or bad, in their order."""
        found: list[FrozenTrial] = self._study.get_trials(deepcopy=False, states=_FINISHED)
        return found

    @property
    def best(self) -> FrozenTrial | None:
        """The first of those with the highest NDCG; None before any was trained to its end."""
        complete = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return max(complete, key=lambda trial: trial.value or 0.0, default=None)

    def propose(self, default: Mapping[str, Any]) -> Trial:
        """Begin the next trial; the very first one is `default`, where it lies within the search space."""
        number = len(self.finished)
        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))  # of a run that was killed here
        if number == 0 and not waiting and all(self._space[key].holds(value) for key, value in default.items()):
            self._study.enqueue_trial(dict(default))
        self._study.sampler = TPESampler(n_startup_trials=_RANDOM_TRIALS, seed=self._seed + number)
        trial = self._study.ask()
        for key, values in self._space.items():
            if isinstance(values, Choice):
                trial.suggest_categorical(key, values.among)
            elif isinstance(values, FloatRange):
                trial.suggest_float(key, values.low, values.high, log=values.log)
            elif isinstance(values, IntRange):
                trial.suggest_int(key, values.low, values.high, step=values.step, log=values.log)
            else:
                trial.suggest_categorical(key, tuple(values.among))
        return trial

    def known_result(self, trial: Trial) -> FrozenTrial | None:
        """A finished trial with the same settings: training them again would give the same."""
        complete = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return next((each for each in complete if each.params == trial.params), None)

    def is_hopeless(self, trial: Trial) -> bool:
        """Whether its settings were begun so often without coming to an end that they are given up."""
        failed = self._study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
        return len([each for each in failed if each.params == trial.params]) >= _ATTEMPTS

    def complete(self, trial: Trial, ndcg: float, **figures: float) -> None:
        """The trial was trained to its end."""
        for name, value in figures.items():
            trial.set_user_attr(name, value)
        self._study.tell(trial, ndcg)

    def give_up(self, trial: Trial, reason: str) -> None:
        """The trial ended early, and why."""
        trial.set_user_attr(_REASON, reason)
        self._study.tell(trial, state=TrialState.PRUNED)

    def importances(self) -> dict[str, float]:
        """How much of the trials' differences each key explains, most first, adding up to 1: PED-ANOVA (Watanabe et
        al. 2023, arXiv:2304.10255). Empty where fewer than two trials differ.
        """
        complete = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len({trial.value for trial in complete}) < 2:
            return {}
        found = optuna.importance.get_param_importances(
            self._study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
        )
        return {key: share for key, share in found.items() if share == share}
