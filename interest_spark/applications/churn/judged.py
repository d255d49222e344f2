"""How good warnings are, of rows whose label is known and that nothing was learnt from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interest_spark.evaluation.statistics.auc_difference import auc_difference
from interest_spark.metrics.scored.auc import auc
from interest_spark.metrics.scored.calibration_error import calibration_error
from interest_spark.metrics.scored.lift import lift
from interest_spark.metrics.scored.scored import Scored

Floats = NDArray[np.float64]
_MOST_ROWS = 20_000  # that an interval is told by
_DECILES = 10


@dataclass(frozen=True)
class Figures:
    """Of `rows`, `churners` of whom churned. `precision` and `recall` of who was `warned` of, the band `high`.

    `lift`: churners in the tenth with the highest probability, over as many at random. `auc_above_baseline` with its
    95 % interval; None where BG/NBD could not be fitted.
    """

    rows: int
    churners: int
    auc: float | None
    lift: float | None
    calibration_error: float | None
    precision: float | None
    recall: float | None
    warned: int
    baseline_auc: float | None = None
    auc_above_baseline: float | None = None
    above_low: float | None = None
    above_high: float | None = None

    def as_json(self) -> Mapping[str, Any]:
        return asdict(self)


def threshold_for(probability: Floats, churned: NDArray[np.bool_], recall: float) -> float:
    """The highest probability above or at which lie at least the part `recall` of churners; 0 without any."""
    of_churners = np.sort(probability[churned])[::-1]
    wanted = int(np.ceil(recall * len(of_churners)))
    return float(of_churners[max(wanted, 1) - 1]) if len(of_churners) else 0.0


def figures_of(
    probability: Floats,
    churned: NDArray[np.bool_],
    baseline: Floats,
    users: NDArray[np.int64],
    warned: NDArray[np.bool_],
) -> Figures:
    """All figures. probability, baseline: float64[n]; churned, warned: bool[n]; users: int64[n], keys of the users."""
    scored = Scored.of_rows(churned, probability)
    hits, churners = int((warned & churned).sum()), int(churned.sum())
    own = Figures(
        rows=len(churned),
        churners=churners,
        auc=_known(auc(scored)),
        lift=_known(lift(scored)),
        calibration_error=_known(calibration_error(scored)),
        precision=hits / int(warned.sum()) if warned.any() else None,
        recall=hits / churners if churners else None,
        warned=int(warned.sum()),
    )
    if np.isnan(baseline).any() or not len(churned):
        return own
    part = _sampled(users)
    found = auc_difference(churned[part], probability[part], baseline[part], users[part])
    return Figures(
        **{
            **asdict(own),
            "baseline_auc": _known(auc(Scored.of_rows(churned, baseline))),
            "auc_above_baseline": _known(found.difference),
            "above_low": found.low,
            "above_high": found.high,
        }
    )


def auc_bounds(
    probability: Floats, churned: NDArray[np.bool_], users: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    """The 95 % interval of the AUC; None where it has none. Arrays as for `figures_of`, of at least one row."""
    part = _sampled(users)
    # A score that is the same for everybody has an AUC of one half, in every resample.
    found = auc_difference(churned[part], probability[part], np.zeros(len(part)), users[part])
    return (None, None) if found.low is None or found.high is None else (0.5 + found.low, 0.5 + found.high)


def tenths(probability: Floats, churned: NDArray[np.bool_]) -> tuple[list[float], list[float]]:
    """Of each tenth of the rows by probability, ascending: its mean, and the share of churners."""
    parts = np.array_split(np.argsort(probability, kind="stable"), min(_DECILES, len(probability)))
    return [float(probability[each].mean()) for each in parts], [float(churned[each].mean()) for each in parts]


def _sampled(users: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of the rows that an interval is told by: users are hashes, so that the first ones are a sample."""
    return np.argsort(users, kind="stable")[:_MOST_ROWS]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
