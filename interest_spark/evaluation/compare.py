"""Several models' lists for the same users, held against the same relevant items, user by user.

Each model's mean of a metric has an interval, and so has its difference to the first model's: the mean over users of
the differences between a user's two values (see `paired.py`). A model that was trained several times has for each user
the mean of its trainings' values: what would be served is one of them, drawn blindly.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from statistics import stdev
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.evaluation.statistics.intervals import DECIMALS
from interest_spark.evaluation.statistics.paired import PairedInterval, paired_intervals
from interest_spark.metrics.hits import find_hits
from interest_spark.metrics.metric import metric_named
from interest_spark.platform.python_worker import settled

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class Compared:
    """One model and metric: its mean, what it is above the first model's mean, None of the first itself, and the
    standard deviation of the means of its trainings, None of fewer than two.
    """

    model: str
    metric: str
    value: PairedInterval
    difference: PairedInterval | None
    deviation: float | None = None


def compare_lists(
    lists: "DataFrame", models: Mapping[str, Sequence[str]], metrics: Sequence[str], k: int
) -> list[Compared]:
    """All models and metrics, models in their order.

    `lists` has one row a judged user: user_id, `relevant`, and arrays of item ids, null for no list at all: of each
    model the columns that `models` names, one a training.
    """
    from pyspark.sql import functions as F

    columns = [column for trained in models.values() for column in trained]
    names = {(column, metric): f"v{place}" for place, (column, metric) in enumerate(product(columns, metrics))}
    judged = lists.select("user_id", "relevant", *(f"`{column}`" for column in columns))
    schema = ", ".join(["user_id string", *(f"{name} double" for name in names.values())])
    values = judged.mapInArrow(settled(partial(_judge, names, k)), schema)
    means = {
        (model, metric): sum((values[names[column, metric]] for column in trained), F.lit(0.0)) / len(trained)
        for (model, trained), metric in product(models.items(), metrics)
    }
    first, *others = models
    differences = {pair: means[pair] - means[first, pair[1]] for pair in product(others, metrics)}
    found = paired_intervals(values, {**_told("mean", means), **_told("difference", differences)})
    deviations = _deviations(values, models, metrics, names)
    return [
        Compared(
            model,
            f"{metric}@{k}",
            found[f"mean {model} {metric}"],
            found.get(f"difference {model} {metric}"),
            deviations.get((model, metric)),
        )
        for model, metric in means
    ]


def _told(what: str, columns: Mapping[tuple[str, str], "Column"]) -> dict[str, "Column"]:
    return {f"{what} {model} {metric}": column for (model, metric), column in columns.items()}


def _deviations(
    values: "DataFrame",
    models: Mapping[str, Sequence[str]],
    metrics: Sequence[str],
    names: Mapping[tuple[str, str], str],
) -> dict[tuple[str, str], float]:
    """By model and metric, of those with several trainings."""
    from pyspark.sql import functions as F

    several = {model: trained for model, trained in models.items() if len(trained) > 1}
    if not several:
        return {}
    (row,) = values.agg(*(F.mean(name).alias(name) for name in names.values())).collect()
    return {
        (model, metric): round(stdev(row[names[column, metric]] or 0.0 for column in trained), DECIMALS)
        for (model, trained), metric in product(several.items(), metrics)
    }


def _judge(names: Mapping[tuple[str, str], str], k: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        relevant = batch["relevant"].to_pylist()
        values = {"user_id": batch["user_id"]}
        for column in dict.fromkeys(column for column, _ in names):
            hits, wanted = find_hits([items or [] for items in batch[column].to_pylist()], relevant, k)
            for metric in (metric for each, metric in names if each == column):
                values[names[column, metric]] = pa.array(metric_named(metric)(hits, wanted), pa.float64())
        yield pa.RecordBatch.from_pydict(values)
