"""Who is about to stay away: how many by band, how good the model is, and whether its probabilities come true."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from interest_spark.applications.churn.model import BANDS
from interest_spark.reports.html.drawings import ALARM, MODEL, OTHER, axes_of, drawing
from interest_spark.reports.html.source import AbsentError, ReportSource, Row, collected

_TOP, _BINS = 10, 20


def gather(source: ReportSource) -> Mapping[str, Any]:
    if source.config.churn is None and not source.table("churn").slices(day=source.dt):
        raise AbsentError("churn.turned_off")
    models = source.rows("churn_models", through=source.dt)
    if not models:
        raise AbsentError("churn.nothing", day=source.dt)
    model = models[-1]
    if model["reason"] is not None:
        raise AbsentError("churn.no_model", day=model["dt"], why=model["reason"])
    source.require("churn")
    with source.scan("churn", "user_id", "probability", "band", "reasons", "days", day=source.dt) as rows:
        counted = collected(rows.group_by("band").agg(pl.len().alias("users"), pl.col("probability").mean()))
        place = (pl.col("probability") * _BINS).floor().clip(0, _BINS - 1).cast(pl.Int64).alias("place")
        bins = collected(rows.group_by(place).agg(pl.len().alias("users")))
        most = collected(
            rows.filter(pl.col("band") == "high")
            .sort("probability", "user_id", descending=[True, False])
            .head(_TOP)
            .select("user_id", "probability", "days", reason=pl.col("reasons").list.first())
        )
    of_band = {row["band"]: row for row in counted.to_dicts()}
    return {
        "model": model,
        "bands": [of_band[band] for band in BANDS if band in of_band],
        "most": most.to_dicts(),
        "picture": drawing(_plot(model, dict(bins.iter_rows())), "churn"),
    }


def _plot(model: Row, bins: Mapping[int, int]) -> Figure:
    """Above the diagonal more leave than foretold; the bars say how today's probabilities lie."""
    figure, axes = axes_of(5.4, 3.2)
    beside = axes.twinx()
    beside.bar([(place + 0.5) / _BINS for place in bins], list(bins.values()), 0.8 / _BINS, color=OTHER, alpha=0.35)
    beside.set_ylabel("n")
    axes.plot([0, 1], [0, 1], "--", color=OTHER, linewidth=1)
    axes.plot(model["foretold"], model["came_true"], "o-", color=MODEL)
    axes.axvline(model["threshold"], color=ALARM, linewidth=1)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="P", ylabel="%")
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    axes.set_zorder(beside.get_zorder() + 1)
    axes.patch.set_visible(False)
    return figure
