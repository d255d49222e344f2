"""What a training was like, as pictures: losses, validation, learning rate, gradient norm, and the network itself.

No text but figures, names of metrics and of arrays stands in them: they read the same in every language.
"""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from interest_spark.foundation.locations import Location
from interest_spark.models.network_layers import Layer, layers_of
from interest_spark.models.training.curve_file import Numbers, TrainingCurve, read_curve
from interest_spark.storage.bundles import read_shapes
from interest_spark.storage.folder_files import write_file

TRAIN, VALIDATION, RANK = "tab:blue", "tab:orange", "tab:gray"
_MOST_POINTS = 400
_SIZE = (5.4, 3.0)  # as wide as a phone shows without making its text small
_DPI = 130
_BLUE = (0.12, 0.47, 0.71)


def plot_loss(curve: TrainingCurve) -> Figure:
    """The loss of each step, the mean of each epoch, and in gray that of each rank's own targets."""
    figure, axes = _axes("step", "loss")
    axes.plot(*_thinned(curve.step, curve.loss), color=TRAIN, alpha=0.35, linewidth=1)
    ends = [epoch.step for epoch in curve.epochs]
    for rank in range(max((len(epoch.rank_losses) for epoch in curve.epochs), default=0)):
        points = [(epoch.step, epoch.rank_losses[rank]) for epoch in curve.epochs if rank < len(epoch.rank_losses)]
        label = "rank" if rank == 0 else None
        axes.plot(*zip(*points, strict=True), color=RANK, linewidth=1, linestyle=":", marker=".", label=label)
    axes.plot(ends, [epoch.loss for epoch in curve.epochs], color=TRAIN, marker="o", markersize=3, label="epoch")
    axes.legend(frameon=False)
    return figure


def plot_validation(curve: TrainingCurve) -> Figure | None:
    """NDCG@10 on held-out targets after each validated epoch, the best one marked; None where none was."""
    judged = [(epoch.number, epoch.ndcg) for epoch in curve.epochs if epoch.ndcg is not None]
    if not judged:
        return None
    figure, axes = _axes("epoch", "NDCG@10")
    axes.plot(*zip(*judged, strict=True), color=VALIDATION, marker="o", markersize=3)
    best = max(judged, key=lambda each: each[1])
    axes.plot(*best, marker="*", markersize=13, color=VALIDATION)
    axes.annotate(f"{best[1]:.4f}", best, textcoords="offset points", xytext=(0, -16), ha="center")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return figure


def plot_train_validation(curve: TrainingCurve) -> Figure | None:
    """The loss of training against NDCG@10 of what was held out, epoch by epoch: they part where it learns by heart."""
    judged = [epoch for epoch in curve.epochs if epoch.ndcg is not None]
    if not judged:
        return None
    figure, left = _axes("epoch", "loss")
    left.plot([epoch.number for epoch in curve.epochs], [epoch.loss for epoch in curve.epochs], color=TRAIN, marker="o")
    left.yaxis.label.set_color(TRAIN)
    right = left.twinx()
    right.plot(
        [epoch.number for epoch in judged], [epoch.ndcg or 0.0 for epoch in judged], color=VALIDATION, marker="s"
    )
    right.set_ylabel("NDCG@10", color=VALIDATION)
    left.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return figure


def plot_learning_rate(curve: TrainingCurve) -> Figure | None:
    """The learning rate of each step; None of a curve that does not tell it."""
    return _plot_of_steps(curve.step, curve.learning_rate, "learning rate")


def plot_gradient_norm(curve: TrainingCurve) -> Figure | None:
    """The norm of each step's gradient, before it was clipped; None of a curve that does not tell it."""
    return _plot_of_steps(curve.step, curve.gradient_norm, "gradient norm (L2)")


def plot_network(layers: Sequence[Layer]) -> Figure:
    """The layers from the input at the bottom to the output at the top, each with its shapes and its parameters."""
    height = 0.30 * len(layers) + 0.5
    figure = Figure(figsize=(8.0, height), layout="constrained")
    axes = figure.subplots()
    blocks = list(dict.fromkeys(layer.block for layer in layers))
    for place, layer in enumerate(layers):
        shade = 0.10 + 0.14 * (blocks.index(layer.block) % 2)
        box = FancyBboxPatch(
            (0, place + 0.1), 10, 0.8, boxstyle="round,pad=0.02", facecolor=(*_BLUE, shade), linewidth=0.6
        )
        axes.add_patch(box)
        shapes = ", ".join(f"{name} {'×'.join(map(str, shape)) or 'scalar'}" for name, shape in layer.shapes.items())
        for x, text, align in (
            (0.15, layer.name, "left"),
            (3.9, shapes, "left"),
            (9.85, f"{layer.parameters:,}", "right"),
        ):
            axes.text(x, place + 0.5, text, ha=align, va="center", fontsize=8)
    axes.set(xlim=(-0.1, 10.1), ylim=(-0.1, len(layers) + 0.1))
    axes.axis("off")
    return figure


def draw_training(bundle: Location) -> None:
    """Write the pictures as PNG files into the folder of a bundle, beside its curve."""
    for name, figure in _figures_of(bundle):
        content = BytesIO()
        figure.savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
        write_file(bundle / f"{name}.png", content.getvalue())


CURVE_PLOTS: dict[str, Callable[[TrainingCurve], Figure | None]] = {
    "loss": plot_loss,
    "validation": plot_validation,
    "train_validation": plot_train_validation,
    "learning_rate": plot_learning_rate,
    "gradient_norm": plot_gradient_norm,
}
"""The pictures of a learning curve by the names of their files."""


def _figures_of(bundle: Location) -> Iterator[tuple[str, Figure]]:
    curve = read_curve(bundle)
    for name, plot in CURVE_PLOTS.items():
        if curve is not None and (figure := plot(curve)) is not None:
            yield name, figure
    yield "network", plot_network(layers_of(read_shapes(bundle)))


def _plot_of_steps(step: Numbers, values: Numbers, label: str) -> Figure | None:
    if np.isnan(values).all():
        return None
    figure, axes = _axes("step", label)
    axes.plot(*_thinned(step, values), color=TRAIN, linewidth=1.2)
    axes.set_ylim(bottom=0)
    return figure


def _axes(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    return figure, axes


def _thinned(step: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """At most so many points, each the mean of neighbours."""
    parts = min(len(step), _MOST_POINTS)
    means = [[part.mean() for part in np.array_split(each, parts)] for each in (step, values)]
    return np.array(means[0]), np.array(means[1])
