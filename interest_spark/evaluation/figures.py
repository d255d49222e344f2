"""From the tally of all users to the rows of the table `metrics`."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from interest_spark.evaluation.known_items import KnownItems
from interest_spark.evaluation.statistics.intervals import DECIMALS, MeanInterval, mean_with_interval
from interest_spark.evaluation.statistics.paired import interval_of_sums
from interest_spark.evaluation.statistics.permutation import holm, two_sided_p
from interest_spark.evaluation.tally import (
    EXPOSURE,
    FLIPPED,
    MODEL,
    POWERS,
    RESAMPLED,
    VALUE,
    WEIGHTS,
    Question,
    Tally,
    names_of_slices,
)
from interest_spark.metrics.lists.list_metric import exposure_metric_named

MOST_SLICES = 20
"""Of regions and platforms, of which a shop may have any number."""

_NOBODY = np.zeros(3)


@dataclass(frozen=True)
class Figure:
    """A row of `metrics`, but for its model, split and day."""

    slice: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    users: int
    against: str | None = None
    p_value: float | None = None
    p_adjusted: float | None = None


COLUMNS = (
    "slice string, metric string, value double, low double, high double, users long, against string, "
    "p_value double, p_adjusted double"
)


def all_figures(tally: Tally, items: KnownItems, question: Question) -> list[Figure]:
    """Every contender's metrics, the model's slices, its differences to the others; sorted.

    A contender whom nobody judged has a null value and 0 users.
    """
    found = [*_means(tally, question), *_exposures(tally, items, question), *_differences(tally, question)]
    return sorted(found, key=lambda row: (row.slice, row.metric, row.against or ""))


def as_rows(figures: list[Figure]) -> pa.RecordBatch:
    """The columns COLUMNS."""
    return pa.RecordBatch.from_pylist([vars(figure) for figure in figures], _SCHEMA)


_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("slice", "metric")),
        *((name, pa.float64()) for name in ("value", "low", "high")),
        ("users", pa.int64()),
        ("against", pa.string()),
        *((name, pa.float64()) for name in ("p_value", "p_adjusted")),
    ]
)


def _means(tally: Tally, question: Question) -> Iterator[Figure]:
    for name in dict.fromkeys([*question.contenders, *names_of_slices(tally, MOST_SLICES)]):
        of_lists = question.of_users if name in question.contenders else ()
        for metric in (*question.metrics, *of_lists):
            found = mean_with_interval(tally.sums.get((VALUE, name, metric), _NOBODY))
            yield _figure(name, question.at_k(metric), found)


def _figure(name: str, metric: str, found: MeanInterval) -> Figure:
    return Figure(name, metric, found.value, found.low, found.high, found.users)


def _exposures(tally: Tally, items: KnownItems, question: Question) -> Iterator[Figure]:
    for name in question.contenders:
        users = int(tally.sums.get((VALUE, name, question.metrics[0]), _NOBODY)[0])
        counts = np.zeros(len(items.days))
        shown = tally.sums.get((EXPOSURE, name, ""), np.zeros(0))
        counts[: len(shown)] = shown
        for metric in question.of_exposure:
            value = exposure_metric_named(metric)(counts[items.suggestable | (counts > 0)])
            there = users and not np.isnan(value)
            yield Figure(name, question.at_k(metric), round(value, DECIMALS) if there else None, None, None, users)


def _differences(tally: Tally, question: Question) -> Iterator[Figure]:
    """The model's value less each other contender's, with BCa intervals; p-values adjusted for all of the day."""
    compared = [pair for pair in question.compared if (POWERS, *pair) in tally.sums]
    totals = [(tally.sums[POWERS, *pair][1], tally.sums[FLIPPED, *pair]) for pair in compared]
    p_values = np.array([two_sided_p(*each) for each in totals])
    for (name, metric), p_value, adjusted in zip(compared, p_values, holm(p_values), strict=True):
        powers, weights = tally.sums[POWERS, name, metric], tally.sums[WEIGHTS, MODEL, ""]
        found = interval_of_sums(powers, weights, tally.sums[RESAMPLED, name, metric])
        yield Figure(
            MODEL,
            question.at_k(metric),
            found.difference,
            found.low,
            found.high,
            found.users,
            against=name,
            p_value=round(float(p_value), DECIMALS),
            p_adjusted=round(float(adjusted), DECIMALS),
        )
