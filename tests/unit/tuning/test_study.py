"""The study: proposals follow from what is finished alone, so that a killed tuner goes on as if it had not been."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from interest_spark.config.search_space import Choice, FloatRange, IntRange, SearchSpace, Variants
from interest_spark.foundation.errors import BusyError, ConfigError
from interest_spark.tuning.plots import plot_history, plot_importance
from interest_spark.tuning.study import Study, opened_study

SPACE: SearchSpace = {
    "train.network.dim": Choice(among=(16, 32, 64)),
    "train.network.dropout": FloatRange(low=0.0, high=0.5),
    "train.network.layers": IntRange(low=1, high=4),
    "loss": Variants(among={"good": {"train.loss": {"kind": "full"}}, "bad": {"train.loss": {"kind": "bpr"}}}),
}
DEFAULT = {"train.network.dim": 32, "train.network.dropout": 0.1, "train.network.layers": 2, "loss": "bad"}
Figures = list[tuple[dict[str, Any], float]]


def value_of(settings: Mapping[str, Any]) -> float:
    """Best at dim 64, dropout .3 and the good loss; the layers change next to nothing."""
    dim, dropout = settings["train.network.dim"], settings["train.network.dropout"]
    return dim / 128 - (dropout - 0.3) ** 2 + settings["train.network.layers"] / 1e6 + (settings["loss"] == "good")


def run(folder: Path, trials: int, *, killed: bool = False, pruner: Any = "none") -> Figures:
    """Finish so many trials in all; `killed`: begin one more and go away."""
    with opened_study(folder, SPACE, {"seed": 3}, pruner, seed=3) as study:
        while len(study.finished) < trials:
            trial = study.propose(DEFAULT)
            study.complete(trial, value_of(trial.params))
        if killed:
            study.propose(DEFAULT)
        return [(trial.params, trial.value or 0.0) for trial in study.finished]


def test_a_study_that_was_killed_again_and_again_proposes_what_an_undisturbed_one_does(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 9)
    for trials in (0, 1, 7):
        kept = run(tmp_path / "killed", trials, killed=True)
        assert kept == whole[:trials]
    assert run(tmp_path / "killed", 9) == whole


def test_killed_between_planning_the_first_trial_and_beginning_it(tmp_path: Path) -> None:
    with opened_study(tmp_path, SPACE, {"seed": 3}, "none", seed=3):
        planned = optuna.load_study(study_name="tune", storage=f"sqlite:///{tmp_path / 'study.db'}")
        planned.enqueue_trial(DEFAULT)
    assert [settings == DEFAULT for settings, _ in run(tmp_path, 3)] == [True, False, False]


def test_the_first_trial_is_the_default_and_later_ones_get_better(tmp_path: Path) -> None:
    figures = run(tmp_path, 20)
    assert figures[0][0] == DEFAULT
    assert max(value for _, value in figures[7:]) > max(value for _, value in figures[:6])


def test_a_default_outside_of_the_space_is_not_tried(tmp_path: Path) -> None:
    with opened_study(tmp_path, SPACE, {}, "none", seed=0) as study:
        assert study.propose({**DEFAULT, "train.network.dim": 48}).params["train.network.dim"] in (16, 32, 64)


def test_other_settings_are_refused_and_a_second_process_has_to_wait(tmp_path: Path) -> None:
    with opened_study(tmp_path, SPACE, {"day": "2026-01-01", "seed": 1}, "none", seed=1):
        pass
    with (
        pytest.raises(ConfigError, match=r"begun with another day, train.epochs, .* name another --folder"),
        opened_study(tmp_path, SPACE, {"day": "2026-01-02", "seed": 1, "train.epochs": 3}, "none", seed=1),
    ):
        pass
    with (
        opened_study(tmp_path, SPACE, {"day": "2026-01-01", "seed": 1}, "none", seed=1),
        pytest.raises(BusyError, match="another run tunes in"),
        opened_study(tmp_path, SPACE, {"day": "2026-01-01", "seed": 1}, "none", seed=1),
    ):
        pass


def test_what_was_tried_is_known_and_what_never_ends_is_given_up(tmp_path: Path) -> None:
    for _ in range(5):
        with opened_study(tmp_path, SPACE, {}, "none", seed=0) as study:
            trial = study.propose(DEFAULT)
            assert not study.is_hopeless(trial)
    with opened_study(tmp_path, SPACE, {}, "none", seed=0) as study:
        trial = study.propose(DEFAULT)
        assert study.is_hopeless(trial)
        study.give_up(trial, "it takes too much memory")
        assert [each.state for each in study.finished] == [TrialState.PRUNED]
        assert study.best is None and study.importances() == {}
        other = study.propose(DEFAULT)
        assert other.params != trial.params and study.known_result(other) is None
        study.complete(other, 0.5, best_epoch=3)
        assert study.best is not None and study.best.user_attrs["best_epoch"] == 3


@pytest.mark.parametrize(("pruner", "ends"), [("median", 2), ("halving", 2), ("none", None)])
def test_pruners_end_a_trial_that_is_behind(tmp_path: Path, pruner: Any, ends: int | None) -> None:
    def epochs(study: Study, height: float) -> int | None:
        trial = study.propose(DEFAULT)
        for epoch in range(1, 6):
            trial.report(height * epoch, epoch)
            if trial.should_prune():
                study.give_up(trial, "behind")
                return epoch
        study.complete(trial, height * 5)
        return None

    with opened_study(tmp_path, SPACE, {}, pruner, seed=0) as study:
        for height in (0.1, 0.11, 0.12, 0.13):
            epochs(study, height)
        assert epochs(study, 0.01) == ends
        assert epochs(study, 0.2) is None


def test_importances_and_plots(tmp_path: Path) -> None:
    with opened_study(tmp_path, SPACE, {}, "none", seed=0) as study:
        for trials in range(12):
            trial = study.propose(DEFAULT)
            if trials == 5:
                trial.report(0.2, 1)
                study.give_up(trial, "behind")
            else:
                study.complete(trial, value_of(trial.params))
        importances = study.importances()
        plot_history(study.finished, tmp_path / "history.svg")
        plot_importance(importances, tmp_path / "importance.svg")
    assert set(importances) == set(SPACE)
    assert list(importances.values()) == sorted(importances.values(), reverse=True)
    assert sum(importances.values()) == pytest.approx(1.0)
    drawn = [(tmp_path / name).read_text(encoding="utf-8") for name in ("history.svg", "importance.svg")]
    assert "ended early" in drawn[0] and "best so far" in drawn[0] and "train.network.layers" in drawn[1]


def test_plots_of_next_to_nothing(tmp_path: Path) -> None:
    for name in ("history.svg", "importance.svg"):
        plot_history([], tmp_path / name)
        plot_importance({}, tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8").endswith("</svg>\n")
