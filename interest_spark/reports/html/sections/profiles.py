"""What people are interested in, as their profiles have it: which categories come first, and which are rising."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from interest_spark.reports.html.drawings import ALARM, MODEL, axes_of, drawing, label
from interest_spark.reports.html.source import ReportSource, collected
from interest_spark.schemas.interests import KINDS

_TOP = 10


def gather(source: ReportSource) -> Mapping[str, Any]:
    source.require("profiles")
    with source.scan("profiles", "interest", "name", "rank", "confidence", "trend", day=source.dt) as rows:
        first = rows.filter(pl.col("rank") == 1)
        of_kinds = collected(
            first.group_by("interest").agg(pl.len().alias("users"), pl.col("confidence").median().alias("confidence"))
        )
        names = collected(
            rows.group_by("interest", "name").agg(
                (pl.col("rank") == 1).sum().alias("first"),
                pl.len().alias("users"),
                pl.col("trend").drop_nulls().mean().alias("trend"),
            )
        )
    kinds = {row["interest"]: row for row in of_kinds.to_dicts()}
    shown = next((kind for kind in KINDS if kind in kinds), None)
    top = _top(names, shown)
    return {
        "kinds": [kinds[kind] for kind in KINDS if kind in kinds],
        "shown": shown,
        "top": top,
        "picture": drawing(_plot(top), "profiles") if top else None,
        "tastes": _tastes(source),
    }


def _tastes(source: ReportSource) -> Sequence[Mapping[str, Any]]:
    """The clusters of items that come first with most people; none where tastes are not made."""
    if not source.table("tastes").slices(day=source.dt):
        return []
    with source.scan("tastes", "cluster", "rank", "value", day=source.dt) as rows:
        summed = rows.group_by("cluster").agg(
            (pl.col("rank") == 1).sum().alias("first"), pl.col("value").sum().alias("shares")
        )
        found = collected(summed.sort("first", "shares", "cluster", descending=[True, True, False]).head(_TOP))
    clusters = {row["cluster"]: row for row in source.rows("taste_clusters")}
    return [{**clusters[row["cluster"]], **row} for row in found.to_dicts() if row["cluster"] in clusters]


def _top(names: pl.DataFrame, kind: str | None) -> Sequence[Mapping[str, Any]]:
    """The interests of a kind that come first with most people."""
    own = names.filter(pl.col("interest") == (kind or ""))
    return own.sort("first", "users", "name", descending=[True, True, False]).head(_TOP).to_dicts()


def _plot(top: Sequence[Mapping[str, Any]]) -> Figure:
    """People whose first interest it is; in colour what is falling."""
    figure, axes = axes_of(5.4, 0.3 * len(top) + 0.8)
    places = [-place for place in range(len(top))]
    colors = [ALARM if (row["trend"] or 0) < 0 else MODEL for row in top]
    axes.barh(places, [row["first"] for row in top], color=colors, alpha=0.7)
    axes.set_yticks(places, [label(row["name"]) for row in top])
    axes.set(xlabel="n")
    return figure
