"""The day's coupons: what they cost and are expected to bring, and how well models told whom coupons changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from interest_spark.reports.html.drawings import ALARM, MODEL, OTHER, axes_of, drawing, label
from interest_spark.reports.html.source import AbsentError, ReportSource, Row

_TOTALS = ("budget", "cost", "price", "predicted", "expected")
_OF_COUPONS = ("effect", "qini", "concentration")
_COLORS = (MODEL, "tab:orange", "tab:green", "tab:purple", "tab:brown", "tab:olive")


def gather(source: ReportSource) -> Mapping[str, Any]:
    if source.config.coupons is None:
        raise AbsentError("coupons.no_section")
    if source.config.sources.campaigns is None:
        raise AbsentError("coupons.no_source")
    if not source.table("campaigns").slices(through=source.dt):
        raise AbsentError("coupons.no_campaigns", day=source.dt)
    source.require("coupon_figures")
    rows = source.rows("coupon_figures")
    names = sorted({row["coupon"] for row in rows if row["coupon"] is not None})
    if not names:
        raise AbsentError("coupons.nothing_learnt", day=source.dt)
    single = {(row["figure"], row["coupon"]): row for row in rows if row["figure"] not in ("part", "curve")}
    curves = {name: _of(rows, "curve", name) for name in names}
    parts = {name: _of(rows, "part", name) for name in names}
    return {
        "totals": {name: single[name, None] for name in _TOTALS if (name, None) in single},
        "coupons": [(name, {each: single.get((each, name)) for each in ("customers", *_OF_COUPONS)}) for name in names],
        "curve": drawing(_plot_curves(curves), "coupons-qini"),
        "parts": drawing(_plot_parts(parts), "coupons-parts"),
        "shown_to_work": _is_shown(single.get(("expected", None))),
    }


def _of(rows: Sequence[Row], figure: str, coupon: str) -> Sequence[Row]:
    found = [row for row in rows if row["figure"] == figure and row["coupon"] == coupon]
    return sorted(found, key=lambda row: row["share"])


def _is_shown(expected: Row | None) -> bool:
    return expected is not None and expected["low"] is not None and expected["low"] > 0


def _plot_curves(curves: Mapping[str, Sequence[Row]]) -> Figure:
    """Each coupon's Qini curve with its interval, and the line of coupons given by chance."""
    figure, axes = axes_of(5.4, 3.4)
    for color, (name, points) in zip(_COLORS, curves.items(), strict=False):
        share, value = [100 * row["share"] for row in points], [row["value"] for row in points]
        axes.plot(share, value, color=color, label=label(name))
        bounded = [row for row in points if row["low"] is not None]
        if bounded:
            at, low, high = zip(*((100 * row["share"], row["low"], row["high"]) for row in bounded), strict=True)
            axes.fill_between(at, low, high, color=color, alpha=0.12)
        axes.plot([0, 100], [0, value[-1]], color=color, linestyle="--", linewidth=1, alpha=0.7)
    axes.axhline(0, color=OTHER, linewidth=1)
    axes.set(xlabel="%", ylabel="Δ", xlim=(0, 100))
    axes.legend(loc="upper left", frameon=False)
    return figure


def _plot_parts(parts: Mapping[str, Sequence[Row]]) -> Figure:
    """The increment in each tenth of the customers, best first, with its interval."""
    figure, axes = axes_of(5.4, 2.8)
    for place, (color, (name, rows)) in enumerate(zip(_COLORS, parts.items(), strict=False)):
        shift = (place - (len(parts) - 1) / 2) * 0.18
        known = [row for row in rows if row["value"] is not None]
        at = [10 * row["share"] + shift for row in known]
        axes.plot(at, [row["value"] for row in known], "o", color=color, label=label(name))
        for where, row in zip(at, known, strict=True):
            if row["low"] is not None:
                axes.plot([where, where], [row["low"], row["high"]], color=color, linewidth=2, alpha=0.6)
    axes.axhline(0, color=ALARM, linewidth=1, alpha=0.7)
    axes.set(xlabel="1/10", ylabel="Δ", xticks=range(1, 11))
    axes.legend(loc="best", frameon=False)
    return figure
