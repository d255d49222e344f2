"""A churn model: how rows become numbers, what was learnt, and how a score becomes a probability; JSON throughout."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_spark.applications.churn.calibration import Calibration
from interest_spark.applications.churn.design import Design
from interest_spark.applications.churn.labels import LabelRules
from interest_spark.applications.churn.learners import Learnt, learnt_from_json
from interest_spark.foundation.errors import BadDataError

Floats = NDArray[np.float64]
FORMAT = 1
_NAMED = "-churn-"
HIGH, MIDDLE, LOW = "high", "middle", "low"
BANDS = (HIGH, MIDDLE, LOW)


def version_named(day: str, content: str) -> str:
    """The version of a model of the day that follows from what `content` is a digest of."""
    return f"{day}{_NAMED}{content[:12]}"


def day_of_version(version: str) -> str:
    """The day whose slice of `churn_models` holds it.

    >>> day_of_version(version_named("2026-01-31", "0123456789abcdef"))
    '2026-01-31'
    """
    return version.split(_NAMED)[0]


@dataclass(frozen=True)
class ChurnModel:
    """`threshold`: the probability from which the band is `high`; from a half of it, it is `middle`.
    `history_days`: over how many days rows need HISTORY, 0 where they need none.
    """

    version: str
    rules: LabelRules
    design: Design
    learnt: Learnt
    calibration: Calibration
    threshold: float
    history_days: int = 0

    def scores(self, rows: pl.DataFrame) -> tuple[NDArray[np.float32], Floats]:
        """Of rows of `at_risk`: what the learner sees, float32[n, columns], and its score, float64[n]."""
        values = self.design.expanded(self.design.coded(rows))
        return values, self.learnt.score(values)

    def probability(self, rows: pl.DataFrame) -> Floats:
        """P(churn) of rows of `at_risk`: float64[n]."""
        return self.calibration.probability(self.scores(rows)[1])

    def bands(self, probability: Floats) -> NDArray[np.str_]:
        """The band of each probability."""
        return np.where(probability >= self.threshold, HIGH, np.where(probability >= self.threshold / 2, MIDDLE, LOW))

    def to_text(self) -> str:
        found = {
            "format": FORMAT,
            "version": self.version,
            "rules": asdict(self.rules),
            "design": self.design.as_json(),
            "learnt": self.learnt.as_json(),
            "calibration": self.calibration.as_json(),
            "threshold": self.threshold,
            "history_days": self.history_days,
        }
        return json.dumps(found, sort_keys=True, ensure_ascii=False)


@lru_cache(maxsize=2)
def model_of(text: str) -> ChurnModel:
    """The model of a text that `to_text` gave. Raises BadDataError for any other."""
    try:
        found: Mapping[str, Any] = json.loads(text)
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r} is not {FORMAT}")
        return ChurnModel(
            version=found["version"],
            rules=LabelRules(**found["rules"]),
            design=Design.from_json(found["design"]),
            learnt=learnt_from_json(found["learnt"]),
            calibration=Calibration(**found["calibration"]),
            threshold=found["threshold"],
            history_days=found["history_days"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadDataError(
            f"a committed churn model cannot be read ({type(error).__name__}: {error}); make it anew with "
            "`interest churn --day DAY --force`"
        ) from error
