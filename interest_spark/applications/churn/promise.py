"""Whether warnings come true as often as validation of their model has promised.

A model is judged by warnings of several days, which are mostly about the same users: rates are those of all days
together, but how sure they are follows from as many rows as one day has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interest_spark.applications.churn.labels import LabelRules
from interest_spark.applications.churn.model import model_of
from interest_spark.applications.churn.outcomes import Outcome
from interest_spark.evaluation.statistics.proportions import difference_bounds, share_bounds
from interest_spark.schemas.tables import TABLES

OUTCOMES = "churn_outcomes"
LAST_DAYS = 7
"""So many warned days, the newest ones, are held against the promise together."""

_PROMISED = {f"promised_{name}": name for name in ("precision", "recall", "auc")}
_OF_MODEL = {**_PROMISED, "promised_rows": "judged_rows", "promised_churners": "judged_churners"}
_OF_FIGURES = (
    *("churners", "warned", "precision", "recall", "lift", "auc", "calibration_error"),
    *("baseline_auc", "auc_above_baseline", "above_low", "above_high"),
)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Promise:
    """What a model says of itself: by which `rules` somebody churns, and columns of `churn_outcomes`, `promised_…`."""

    rules: LabelRules
    columns: Row

    @classmethod
    def of(cls, model: Row) -> "Promise":
        """From a row of `churn_models` that holds a model. Raises BadDataError for one that cannot be read."""
        return cls(model_of(model["model"]).rules, {name: model[of] for name, of in _OF_MODEL.items()})


def outcome_row(version: str, promise: Promise, outcome: Outcome) -> dict[str, Any]:
    """A row of `churn_outcomes`."""
    found = outcome.figures
    row: dict[str, Any] = dict.fromkeys(TABLES[OUTCOMES].names)
    row |= {"warned_on": outcome.day.isoformat(), "model_version": version, "scored": found.rows}
    row |= {name: getattr(found, name) for name in _OF_FIGURES} | {"warned_churners": outcome.hits}
    row |= {name: getattr(outcome, name) for name in ("auc_low", "auc_high", "foretold", "came_true")}
    for name, rows in (("precision", found.warned), ("recall", found.churners)):
        if rows:
            row[f"{name}_low"], row[f"{name}_high"] = share_bounds(outcome.hits, rows)
    return row | dict(promise.columns)


def unjudged_row(day: str, version: str, reason: str) -> dict[str, Any]:
    """The row of a day whose warnings cannot be judged."""
    return {**dict.fromkeys(TABLES[OUTCOMES].names), "warned_on": day, "model_version": version, "reason": reason}


def newest_of_each(rows: Iterable[Row]) -> list[Row]:
    """The last row of each warned day, in the order of these days: it is of the warnings as they are now."""
    by_day = {row["warned_on"]: row for row in rows}
    return [by_day[day] for day in sorted(by_day)]


@dataclass(frozen=True)
class Fall:
    """A figure of the model that warned on `days`, below what was promised: the 95 % interval of the difference."""

    figure: str
    model_version: str
    found: float
    promised: float
    low: float
    high: float
    days: Sequence[str]


def falls(rows: Sequence[Row]) -> list[Fall]:
    """The figures whose whole interval lies below the promise: of `newest_of_each`, those of the newest day's model."""
    judged = [row for row in rows if row["reason"] is None][-LAST_DAYS:]
    of_model = [row for row in judged if row["model_version"] == judged[-1]["model_version"]]
    return [fall for figure in ("precision", "recall") if (fall := _fall(of_model, figure)) is not None]


def _fall(rows: Sequence[Row], figure: str) -> Fall | None:
    of = sum(row["warned" if figure == "precision" else "churners"] for row in rows)
    if not of:
        return None
    precision, recall, churners = (rows[-1][f"promised_{name}"] for name in ("precision", "recall", "churners"))
    if not precision or not recall:
        return None
    hits = round(recall * churners)  # of validation, where as many rows as this were warned of or had churned:
    promised_of = round(hits / precision) if figure == "precision" else churners
    found, a_day = sum(row["warned_churners"] for row in rows) / of, of / len(rows)
    low, high = difference_bounds(found * a_day, a_day, hits, promised_of)
    if high >= 0:
        return None
    version, days = rows[-1]["model_version"], [row["warned_on"] for row in rows]
    return Fall(figure, version, found, rows[-1][f"promised_{figure}"], low, high, days)
