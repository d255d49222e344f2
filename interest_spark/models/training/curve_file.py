"""A learning curve as curve.py has written it, read again without TensorFlow."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location
from interest_spark.models.training.plan import CURVE
from interest_spark.storage.damage import read_bytes

_MOST_BYTES = 1 << 30

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Epoch:
    """Figures of one epoch: its number, its last step, the mean loss of its targets, NDCG@10 on held-out targets where
    it was validated, and the mean loss of each rank's own targets where there were several ranks.
    """

    number: int
    step: int
    loss: float
    ndcg: float | None = None
    rank_losses: Sequence[float] = ()


@dataclass(frozen=True)
class TrainingCurve:
    """float64[steps] each, in the order of the steps; NaN where an earlier release did not write a figure."""

    step: Numbers
    loss: Numbers
    learning_rate: Numbers
    gradient_norm: Numbers
    epochs: Sequence[Epoch]


def read_curve(bundle: Location) -> TrainingCurve | None:
    """The curve in a bundle's folder; None where there is none, as in that of a model that is fitted, not trained.

    Raises BadDataError for a file that is no learning curve.
    """
    place = bundle / CURVE
    try:
        lines = read_bytes(place, _MOST_BYTES).decode().splitlines()
        return _curve_of([json.loads(line) for line in lines])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise BadDataError(
            f"learning curve {place} cannot be read: {error!r:.200}; delete it, or train again"
        ) from None


def _curve_of(lines: Iterable[dict[str, Any]]) -> TrainingCurve | None:
    steps: list[dict[str, Any]] = []
    ndcg: dict[int, float] = {}
    for line in lines:
        if "loss" in line:
            steps.append(line)
        else:
            ndcg[int(line["epoch"])] = float(line["ndcg"])
    if not steps:
        return None

    def figures(name: str) -> Numbers:
        return np.array([line.get(name, np.nan) for line in steps], np.float64)

    epochs = [_epoch(number, figures, steps, ndcg) for number in sorted({int(line["epoch"]) for line in steps})]
    return TrainingCurve(figures("step"), figures("loss"), figures("learning_rate"), figures("gradient_norm"), epochs)


def _epoch(number: int, figures: Any, steps: Sequence[dict[str, Any]], ndcg: dict[int, float]) -> Epoch:
    within = figures("epoch") == number
    targets = figures("targets")[within]
    # A step's targets may weigh differently; their number is the nearest that the curve tells.
    loss = float(np.average(figures("loss")[within], weights=targets if targets.sum() else None))
    last = steps[int(np.flatnonzero(within)[-1])]
    return Epoch(number, int(last["step"]), loss, ndcg.get(number), tuple(last.get("rank_losses", ())))
