"""The rows of `metrics` of a day, told apart: figures of each contender, of parts of them, and differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interest_spark.reports.html.source import AbsentError, ReportSource, Row

MODEL = "model"
ACCURACY = ("ndcg", "recall", "hit_rate", "precision", "mrr", "map", "auc", "gauc", "grouped_auc")
"""Metrics of single users, of which more is better; the first that was measured stands for all in short."""


@dataclass(frozen=True)
class Judged:
    """`figures` by contender and metric; `parts` by contender with its part, as `model:source=model`, and metric;
    `differences`: the model minus another contender, by that one and metric. `name`: whose lists were judged.
    """

    name: str
    figures: Mapping[str, Mapping[str, Row]]
    parts: Mapping[str, Mapping[str, Row]]
    differences: Mapping[str, Mapping[str, Row]]

    @property
    def metrics(self) -> Sequence[str]:
        """Metrics of accuracy that the model was judged by, the one that stands for all first."""
        found = [metric for metric in self.figures.get(MODEL, {}) if kind_of(metric) in ACCURACY]
        return sorted(found, key=lambda metric: (ACCURACY.index(kind_of(metric)), metric))

    @property
    def contenders(self) -> Sequence[str]:
        """The model, then the others by the first metric, the best first."""
        (metric, *_), others = self.metrics, [name for name in self.figures if name != MODEL]

        def value(name: str) -> float:
            found = self.figures[name].get(metric)
            return -(found["value"] or 0.0) if found else 0.0

        return [MODEL, *sorted(others, key=lambda name: (value(name), name))]


def kind_of(metric: str) -> str:
    """The metric, at whatever length of the list.

    >>> kind_of("ndcg@10")
    'ndcg'
    """
    return metric.partition("@")[0]


def judged_on(source: ReportSource, dt: str) -> Judged | None:
    """What was judged on a day: the served model's lists, where there are any; None where nothing was."""
    names = [each.name for each in source.table("metrics").slices(day=dt)]
    if not names:
        return None
    wanted = source.config.model_name
    name = next((name for name in (wanted, f"backtest-{wanted}") if name in names), names[0])
    return told_apart(name, source.rows("metrics", day=dt, name=name))


def require_judged(source: ReportSource) -> Judged:
    """What was judged on the report's day. Raises AbsentError where nothing was, or nothing of accuracy."""
    judged = judged_on(source, source.dt)
    if judged is None or not judged.metrics:
        raise AbsentError("page.not_judged", day=source.dt)
    return judged


def told_apart(name: str, rows: Sequence[Row]) -> Judged:
    """The rows of one day and model."""
    groups: tuple[dict[str, dict[str, Row]], ...] = ({}, {}, {})
    figures, parts, differences = groups
    for row in rows:
        if row["value"] is None:
            continue
        if row["against"] is not None:
            if row["slice"] == MODEL:
                differences.setdefault(row["against"], {})[row["metric"]] = row
        else:
            group = parts if ":" in row["slice"] else figures
            group.setdefault(row["slice"], {})[row["metric"]] = row
    return Judged(name, *groups)
