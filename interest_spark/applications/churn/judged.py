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


@dataclass(frozen=True)
class Figures:
    """Of `rows`, `churners` of whom churned. `precision` and `recall` at the threshold of the band `high`.

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
    probability: Floats, churned: NDArray[np.bool_], baseline: Floats, users: NDArray[np.int64], threshold: float
) -> Figures:
    """All figures. probability, baseline: float64[n]; users: int64[n], what tells users apart; churned: bool[n]."""
    scored, warned = Scored.of_rows(churned, probability), probability >= threshold
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
    part = np.argsort(users, kind="stable")[:_MOST_ROWS]  # users are hashes: the first ones are a sample
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


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
