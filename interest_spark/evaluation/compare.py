"""Several models' lists for the same users, held against the same relevant items, user by user.

Each model's mean of a metric has an interval, and so has its difference to the first model's: the mean over users of
the differences between a user's two values (see `paired.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.evaluation.statistics.paired import PairedInterval, paired_intervals
from interest_spark.metrics.hits import find_hits
from interest_spark.metrics.metric import metric_named
from interest_spark.platform.python_worker import settled

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Compared:
    """One model and metric: its mean, and what it is above the first model's mean, None of the first itself."""

    model: str
    metric: str
    value: PairedInterval
    difference: PairedInterval | None


def compare_lists(lists: "DataFrame", models: Sequence[str], metrics: Sequence[str], k: int) -> list[Compared]:
    """All models and metrics, models in their order.

    `lists` has one row a judged user: user_id, `relevant`, and one array of item ids per model, in a column of its
    name, null for no list at all.
    """
    names = {(model, metric): f"v{place}" for place, (model, metric) in enumerate(_pairs(models, metrics))}
    judged = lists.select("user_id", "relevant", *(f"`{model}`" for model in models))
    schema = ", ".join(["user_id string", *(f"{name} double" for name in names.values())])
    values = judged.mapInArrow(settled(partial(_judge, names, k)), schema)
    means = {name: values[name] for name in names.values()}  # differences to zero
    differences = {
        f"{names[model, metric]} difference": values[names[model, metric]] - values[names[models[0], metric]]
        for model, metric in _pairs(models[1:], metrics)
    }
    found = paired_intervals(values, {**means, **differences})
    return [
        Compared(model, f"{metric}@{k}", found[name], found.get(f"{name} difference"))
        for (model, metric), name in names.items()
    ]


def _pairs(models: Sequence[str], metrics: Sequence[str]) -> list[tuple[str, str]]:
    return [(model, metric) for model in models for metric in metrics]


def _judge(names: Mapping[tuple[str, str], str], k: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        relevant = batch["relevant"].to_pylist()
        columns = {"user_id": batch["user_id"]}
        for model in dict.fromkeys(model for model, _ in names):
            hits, wanted = find_hits([items or [] for items in batch[model].to_pylist()], relevant, k)
            for metric in (metric for each, metric in names if each == model):
                columns[names[model, metric]] = pa.array(metric_named(metric)(hits, wanted), pa.float64())
        yield pa.RecordBatch.from_pydict(columns)
