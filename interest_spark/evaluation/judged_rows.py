"""The rows of `metrics` of a day and a model, told apart: figures of each contender, of parts of them, differences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interest_spark.evaluation.tally import MODEL

Row = Mapping[str, Any]

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
        return accuracy_among(self.figures.get(MODEL, {}))

    @property
    def contenders(self) -> Sequence[str]:
        """The model, then the others by the first metric, the best first."""
        (metric, *_), others = self.metrics, [name for name in self.figures if name != MODEL]

        def value(name: str) -> float:
            found = self.figures[name].get(metric)
            return -(found["value"] or 0.0) if found else 0.0

        return [MODEL, *sorted(others, key=lambda name: (value(name), name))]


def told_apart(name: str, rows: Iterable[Row]) -> Judged:
    """The rows of one day and model."""
    groups: tuple[dict[str, dict[str, Row]], ...] = ({}, {}, {})
    figures, parts, differences = groups
    for row in rows:
        if row["value"] is None:
            continue
        against = row.get("against")  # earlier releases had no differences
        if against is not None:
            if row["slice"] == MODEL:
                differences.setdefault(against, {})[row["metric"]] = row
        else:
            group = parts if ":" in row["slice"] else figures
            group.setdefault(row["slice"], {})[row["metric"]] = row
    return Judged(name, *groups)


def kind_of(metric: str) -> str:
    """The metric, at whatever length of the list.

    >>> kind_of("ndcg@10")
    'ndcg'
    """
    return metric.partition("@")[0]


def accuracy_among(metrics: Iterable[str]) -> list[str]:
    """Those of accuracy, the one that stands for all first."""
    found = [metric for metric in metrics if kind_of(metric) in ACCURACY]
    return sorted(found, key=lambda metric: (ACCURACY.index(kind_of(metric)), metric))
