"""The day's suggestions as a whole: what they score, where they come from, and which items are shown how often."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from interest_spark.reports.html.drawings import MODEL, OTHER, axes_of, drawing
from interest_spark.reports.html.source import AbsentError, ReportSource, collected

_BINS = 40
_TOP = 10


def gather(source: ReportSource) -> Mapping[str, Any]:
    name = source.served
    if name is None or not source.count("recommendations", day=source.dt, name=name):
        raise AbsentError("page.no_rows", table="recommendations", day=source.dt)
    with source.scan("recommendations", "item_id", "rank", "source", "score", day=source.dt, name=name) as rows:
        sources = collected(rows.group_by("source").agg(pl.len().alias("rows")).sort("rows", descending=True))
        lists = collected(rows.filter(pl.col("rank") == 1).select(pl.len())).item()
        items = collected(rows.group_by("item_id").len("lists").sort(["lists", "item_id"], descending=[True, False]))
        scores = _histogram(rows.filter(pl.col("source") == "model"))
    shown = items["lists"].to_numpy()
    top = items.head(_TOP).to_dicts()
    titles = source.titles([row["item_id"] for row in top])
    pictures = [drawing(_plot_exposure(shown), "exposure")]
    if scores is not None:
        pictures.insert(0, drawing(_plot_scores(*scores), "scores"))
    return {
        "name": name,
        "lists": lists,
        "sources": [{**row, "share": row["rows"] / shown.sum()} for row in sources.to_dicts()],
        "items": len(shown),
        "known": source.count("popularity") or None,
        "gini": _gini(shown),
        "top": [{**row, "title": titles.get(row["item_id"], {}).get("title")} for row in top],
        "pictures": pictures,
    }


def _histogram(rows: pl.LazyFrame) -> tuple[np.ndarray, np.ndarray] | None:
    """Counts and edges of equal bins of the scores; None without any."""
    bounds = rows.select(pl.col("score").min().alias("low"), pl.col("score").max().alias("high"))
    low, high = collected(bounds).row(0)
    if low is None:
        return None
    width = (high - low) / _BINS or 1.0
    place = ((pl.col("score") - low) / width).floor().clip(0, _BINS - 1).cast(pl.Int64)
    counts = collected(rows.group_by(place.alias("bin")).len("rows"))
    filled = np.zeros(_BINS, np.int64)
    filled[counts["bin"].to_numpy()] = counts["rows"].to_numpy()
    return filled, low + width * np.arange(_BINS + 1)


def _plot_scores(counts: np.ndarray, edges: np.ndarray) -> Figure:
    figure, axes = axes_of(4.6, 2.8)
    axes.stairs(counts, edges, fill=True, color=MODEL, alpha=0.7)
    axes.set(xlabel="score", ylabel="n")
    return figure


def _plot_exposure(shown: np.ndarray) -> Figure:
    """Lorenz curve: the share of all suggestions that go to the least shown share of the items."""
    figure, axes = axes_of(4.6, 2.8)
    ascending = np.concatenate([[0], np.sort(shown).cumsum()]) / shown.sum()
    places = np.linspace(0, len(ascending) - 1, min(len(ascending), 200)).astype(int)
    axes.plot(places / max(len(ascending) - 1, 1), ascending[places], color=MODEL)
    axes.plot([0, 1], [0, 1], color=OTHER, linestyle="--", linewidth=1)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    return figure


def _gini(shown: np.ndarray) -> float:
    """0 where all items that are shown are shown equally often, towards 1 where one has it all (Gini 1912)."""
    ascending, count = np.sort(shown), len(shown)
    return float((2 * np.arange(1, count + 1) - count - 1) @ ascending / (count * ascending.sum()))
