"""Who is about to stay away: how many by band, how good the model is, and whether what was warned of came true."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from interest_spark.applications.churn.model import BANDS
from interest_spark.applications.churn.promise import OUTCOMES, falls, newest_of_each
from interest_spark.reports.html.drawings import ALARM, MODEL, OTHER, axes_of, drawing
from interest_spark.reports.html.source import WINDOW_DAYS, AbsentError, ReportSource, Row, collected

_TOP, _BINS = 10, 20
_PLOTTED = {"precision": MODEL, "recall": "tab:orange"}


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
    outcomes = newest_of_each(source.rows(OUTCOMES, after=source.day_before(WINDOW_DAYS), through=source.dt))
    judged = [row for row in outcomes if row["reason"] is None]
    of_band = {row["band"]: row for row in counted.to_dicts()}
    return {
        "model": model,
        "bands": [of_band[band] for band in BANDS if band in of_band],
        "most": most.to_dicts(),
        "picture": drawing(_plot(model, dict(bins.iter_rows())), "churn"),
        "outcomes": outcomes[::-1][:_TOP],
        "over_time": drawing(_plot_outcomes(judged), "churn-outcomes") if judged else None,
        "falls": falls(outcomes),
        "dt": source.dt,
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


def _plot_outcomes(rows: Sequence[Row]) -> Figure:
    """Precision and recall of each judged day with their intervals; dashed, what the day's model promised."""
    figure, axes = axes_of(5.4, 2.6)
    days = [date.fromisoformat(row["warned_on"]).toordinal() for row in rows]
    for name, color in _PLOTTED.items():
        found = [(day, row) for day, row in zip(days, rows, strict=True) if row[name] is not None]
        for day, row in found:
            axes.plot([day, day], [row[f"{name}_low"], row[f"{name}_high"]], color=color, linewidth=2, alpha=0.4)
        axes.plot([day for day, _ in found], [row[name] for _, row in found], ".-", color=color)
        promised = [row[f"promised_{name}"] for row in rows]
        values = [float("nan") if each is None else each for each in promised]
        axes.step(days, values, where="mid", color=color, linestyle="--", linewidth=1)
        if len(rows) == 1:  # a step of one day has no length
            axes.plot(days, values, "_", color=color, markersize=12)
    ends = sorted({days[0], days[-1]})
    axes.set_xticks(ends, [date.fromordinal(day).isoformat()[5:] for day in ends])
    axes.set(ylim=(0, 1), ylabel="%")
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    return figure
