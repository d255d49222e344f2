"""Metrics of scores over all rows of a frame, by the same functions that take a batch's arrays.

Spark counts rows by score and label, one task draws the conclusions: it holds a number of each distinct score, so that
scores of many millions of rows are better rounded first, to float32 or to a few decimals.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.metrics.scored.gauc import weighted_auc
from interest_spark.metrics.scored.scored import SCORED_METRICS, Scored, scored_metric_named
from interest_spark.platform.python_worker import settled

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def scored_figures(rows: "DataFrame", metrics: Sequence[str] = SCORED_METRICS) -> "DataFrame":
    """(metric, value), a row for each of `metrics`; the value is NaN where the metric is not defined.

    rows: `label`, true or false, and `score`, a number, of each.
    """
    from pyspark.sql import functions as F

    positive, score = F.col("label").cast("double"), F.col("score").cast("double").alias("score")
    counts = rows.groupBy(score).agg(F.sum(positive).alias("positives"), F.sum(1 - positive).alias("negatives"))
    return counts.repartition(1).mapInArrow(settled(partial(_conclude, metrics)), "metric string, value double")


def _conclude(metrics: Sequence[str], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    columns = ("score", "positives", "negatives")
    table = pa.Table.from_batches(batches, pa.schema([(name, pa.float64()) for name in columns]))
    scored = Scored.counted(*(table[name].to_numpy() for name in columns))
    values = [scored_metric_named(name)(scored) for name in metrics]
    yield pa.RecordBatch.from_pydict(
        {"metric": pa.array(metrics, pa.string()), "value": pa.array(values, pa.float64())}
    )


def grouped_auc(rows: "DataFrame") -> float | None:
    """`gauc` of `label`, `score` and `group`; None where no group has both labels. A group's rows meet in one task."""
    from pyspark.sql import functions as F

    pair = F.struct(*(F.col(name).cast("double").alias(name) for name in ("score", "label")))
    groups = rows.groupBy("group").agg(F.collect_list(pair).alias("rows"))
    columns = groups.select(F.col("rows.score"), F.col("rows.label"))
    weighed = columns.mapInArrow(settled(_weigh), "area double, rows double")
    (sums,) = weighed.agg(F.sum("area"), F.sum("rows")).collect()
    return sums[0] / sums[1] if sums[1] else None


def _weigh(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        pairs = zip(batch["label"], batch["score"], strict=True)
        found = [weighted_auc(label.values.to_numpy(), score.values.to_numpy()) for label, score in pairs]
        areas, rows = zip(*found, strict=True) if found else ((), ())
        yield pa.RecordBatch.from_pydict({"area": pa.array(areas, pa.float64()), "rows": pa.array(rows, pa.float64())})
