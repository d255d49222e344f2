"""Pictures within the page: SVG without a reference to anything outside, whose text the page's own fonts draw."""

import re
import warnings
from collections.abc import Mapping, Sequence
from io import StringIO

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from interest_spark.foundation.shown import shown

MODEL, OTHER, ALARM = "tab:blue", "tab:gray", "tab:red"
_LONGEST_LABEL = 28
_NOT_FOR_PAGES = re.compile(r"<metadata>.*?</metadata>|<style type=.*?</style>", re.DOTALL)
_SPARK_WIDTH, _SPARK_HEIGHT = 120, 24


def drawing(figure: Figure, name: str) -> Markup:
    """The figure as SVG; `name` keeps the ids of one picture apart from those of another."""
    written = StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Glyph.*missing")  # the browser has fonts of its own
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = _NOT_FOR_PAGES.sub("", written.getvalue())
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg)  # HTML knows them, and no address is left in the page
    return Markup('<figure class="drawing">{}</figure>').format(Markup(svg))  # matplotlib escapes its texts


def label(text: object) -> str:
    """A text of the data as a label: short, on one line, and no formula."""
    return shown(text, _LONGEST_LABEL).replace("$", r"\$")


def axes_of(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure of so many inches with one pair of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.grid(alpha=0.3)
    return figure, axes


def whiskers(rows: Sequence[Mapping[str, float]], names: Sequence[str], metric: str) -> Figure:
    """Values with their intervals, one a line, the first one at the top and in colour."""
    figure, axes = axes_of(5.4, 0.32 * len(rows) + 0.9)
    for place, row in enumerate(rows):
        color = MODEL if place == 0 else OTHER
        if row["low"] is not None and row["high"] is not None:
            axes.plot([row["low"], row["high"]], [-place, -place], color=color, linewidth=2, alpha=0.6)
        axes.plot([row["value"]], [-place], "o", color=color)
    axes.set_yticks([-place for place in range(len(rows))], [label(name) for name in names])
    axes.set(xlabel=label(metric), ylim=(-len(rows) + 0.4, 0.6))
    return figure


def sparkline(values: Sequence[float | None]) -> Markup:
    """A line of values from 0 to their highest, oldest first; days without one are left out."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return Markup("")
    most = max(value for _, value in known) or 1.0
    step = _SPARK_WIDTH / max(len(values) - 1, 1)
    points = " ".join(
        f"{place * step:.1f},{_SPARK_HEIGHT - 2 - (_SPARK_HEIGHT - 4) * value / most:.1f}" for place, value in known
    )
    return Markup('<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true"><polyline points="{}"/></svg>').format(
        _SPARK_WIDTH, _SPARK_HEIGHT, points
    )
