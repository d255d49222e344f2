"""How the newest model up to the day was trained: its curves over all ranks, and what the training took."""

import json
from collections.abc import Mapping
from typing import Any

from interest_spark.models.training.curve_file import read_curve
from interest_spark.models.training.plan import RESULT
from interest_spark.models.training.plots import CURVE_PLOTS
from interest_spark.reports.html.drawings import drawing
from interest_spark.reports.html.source import AbsentError, ReportSource
from interest_spark.storage.damage import naming, read_bytes

_MOST_BYTES = 1 << 20


def gather(source: ReportSource) -> Mapping[str, Any]:
    curve = read_curve(source.bundle)
    if curve is None:
        raise AbsentError("training.fitted", model=source.trained["model_version"] if source.trained else "")
    figures = [(name, plot(curve)) for name, plot in CURVE_PLOTS.items()]
    pictures = [(name, drawing(figure, f"training-{name}")) for name, figure in figures if figure is not None]
    ranks = max((len(epoch.rank_losses) for epoch in curve.epochs), default=0)
    return {
        "row": source.trained,
        "pictures": pictures,
        "ranks": ranks,
        "last": curve.epochs[-1],
        "result": _result(source),
        "parted": _learns_by_heart(curve.epochs),
    }


def _result(source: ReportSource) -> Mapping[str, Any]:
    place = source.bundle / RESULT
    with naming(f"training's result {place}", "train again with `interest train`", ValueError):
        try:
            return dict(json.loads(read_bytes(place, _MOST_BYTES)))
        except FileNotFoundError:  # of an earlier release
            return {}


def _learns_by_heart(epochs: Any) -> int | None:
    """The epoch after which the loss fell and validation fell, too; None where its best epoch is the last one."""
    judged = [epoch for epoch in epochs if epoch.ndcg is not None]
    if len(judged) < 2:
        return None
    best = max(judged, key=lambda epoch: epoch.ndcg)
    return best.number if best is not judged[-1] and judged[-1].loss < best.loss else None
