"""What came of the trials as pictures: SVG, drawn without a display."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from optuna.trial import FrozenTrial, TrialState

_LEARNT, _ENDED, _BEST = "tab:blue", "tab:gray", "tab:orange"


def plot_history(trials: Sequence[FrozenTrial], path: Path) -> None:
    """Each trial's NDCG@10, those that ended early with their last one, and the best so far as a line."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    numbered = list(enumerate(trials, start=1))
    learnt = [(number, trial.value) for number, trial in numbered if trial.state == TrialState.COMPLETE]
    ended = [
        (number, trial.intermediate_values[max(trial.intermediate_values)])
        for number, trial in numbered
        if trial.state == TrialState.PRUNED and trial.intermediate_values
    ]
    if ended:
        axes.plot(*zip(*ended, strict=True), "x", color=_ENDED, label="ended early")
    if learnt:
        axes.plot(*zip(*learnt, strict=True), "o", color=_LEARNT, label="trained to its end")
        so_far, best = [], 0.0
        for number, value in learnt:
            best = max(best, value or 0.0)
            so_far.append((number, best))
        axes.step(*zip(*[*so_far, (len(trials), best)], strict=True), where="post", color=_BEST, label="best so far")
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
    axes.set(xlabel="trial", ylabel="NDCG@10 on held-out days", title="Trials")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    _save(figure, path)


def plot_importance(importances: Mapping[str, float], path: Path) -> None:
    """The share of the differences between trials that each key explains, the largest at the top."""
    figure = Figure(figsize=(7, 0.9 + 0.4 * max(len(importances), 1)), layout="constrained")
    axes = figure.subplots()
    keys = list(importances)[::-1]
    bars = axes.barh(keys, [importances[key] for key in keys], color=_LEARNT)
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set(xlabel="importance (PED-ANOVA)", xlim=(0, 1.08), title="What decides")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    with matplotlib.rc_context({"svg.hashsalt": "interest_spark", "svg.fonttype": "none"}):  # equal trials, equal bytes
        figure.savefig(path, format="svg", metadata={"Date": None})
