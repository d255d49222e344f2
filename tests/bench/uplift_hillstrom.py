"""The Hillstrom trial of two mails as trials of uplift: 64,000 customers, one of three arms each by chance."""

import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from interest_spark.evaluation.statistics.paired import random_bits
from interest_spark.evaluation.statistics.uplift import Interval, bootstrapped
from interest_spark.metrics.uplift.curve import UpliftRows, qini_curve
from interest_spark.metrics.uplift.effect import average_effect, concentration
from interest_spark.metrics.uplift.qini import qini, qini_area
from interest_spark.models.uplift.learner import LEARNERS, Trial, learner_named
from interest_spark.models.uplift.trees import TreeSettings

MAILS = ("Mens E-Mail", "Womens E-Mail")
CONTROL = "No E-Mail"
OUTCOMES = ("visit", "spend")
MARGIN, MAIL_COST = 0.4, 0.01  # of the published profit: 0.4 spend - 0.01 a mail
_LEARNT, _VALIDATED = 0.5, 0.7  # of the customers: up to there learnt from, up to there to choose by, the rest held out
GRID = tuple(
    TreeSettings(rounds=rounds, depth=depth, leaf_rows=rows)
    for rounds, depth, rows in ((25, 2, 200), (50, 2, 200), (100, 2, 200), (50, 3, 200), (100, 3, 400))
)


@dataclass(frozen=True)
class Part:
    """Customers of one mail and of no mail, with their places in the file."""

    trial: Trial
    keys: np.ndarray

    def rows(self, prediction: np.ndarray) -> UpliftRows:
        return UpliftRows.of_trial(prediction, self.trial.treated, self.trial.outcome, self.trial.propensity)


def read(path: Path) -> pl.DataFrame:
    """The customers, each with `place`, and `part`: 0 to learn from, 1 to choose by, 2 held out."""
    rows = pl.read_csv(io.BytesIO(gzip.decompress(path.read_bytes())), infer_schema_length=None).with_row_index("place")
    share = random_bits(np.arange(len(rows)), 1, 7)[0] / 2.0**64
    return rows.with_columns(part=pl.Series(np.searchsorted([_LEARNT, _VALIDATED], share, side="right")))


def profit_effects(rows: pl.DataFrame) -> Mapping[str, Interval]:
    """Of each mail: profit a customer more than without a mail, of all customers."""
    found = {}
    for mail in MAILS:
        own = rows.filter(pl.col("segment").is_in([mail, CONTROL]))
        treated = (own["segment"] == mail).to_numpy()
        outcome = MARGIN * own["spend"].to_numpy() - MAIL_COST * treated
        part = UpliftRows.of_trial(np.zeros(len(own)), treated, outcome, np.full(len(own), treated.mean()))
        found[mail] = bootstrapped(average_effect, part, own["place"].to_numpy().astype(np.int64))
    return found


def part_of(rows: pl.DataFrame, mail: str, outcome: str, part: int) -> Part:
    own = rows.filter(pl.col("segment").is_in([mail, CONTROL]) & (pl.col("part") == part))
    treated = (own["segment"] == mail).to_numpy()
    names = ["recency", "history", "mens", "womens", "newbie"]
    kinds = [(column, kind) for column in ("zip_code", "channel") for kind in ("Surburban", "Urban", "Web", "Phone")]
    features = own.select(*names, *((pl.col(c) == k).alias(f"{c} {k}") for c, k in kinds)).cast(pl.Float32)
    trial = Trial(features.to_numpy(), treated, own[outcome].cast(pl.Float64).to_numpy(), np.full(len(own), 0.5))
    return Part(trial, own["place"].to_numpy().astype(np.int64))


def judged(rows: pl.DataFrame, mail: str, outcome: str) -> Mapping[str, object]:
    """The learner and its settings with the largest Qini area among the customers to choose by, on held-out ones."""
    learnt, choosing, held_out = (part_of(rows, mail, outcome, part) for part in range(3))
    tried = []
    for name in LEARNERS:
        for settings in GRID:
            model = learner_named(name)(learnt.trial, settings)
            area = qini_area(qini_curve(choosing.rows(model.predict(choosing.trial.features))))
            tried.append((area, name, settings, model))
    area, name, settings, model = max(tried, key=lambda each: each[0])
    found = held_out.rows(model.predict(held_out.trial.features))
    statistics = {
        "qini": lambda each: qini(qini_curve(each)),
        "qini_area": lambda each: qini_area(qini_curve(each)),
        "concentration": concentration,
        "effect": average_effect,
    }
    figures = {key: bootstrapped(statistic, found, held_out.keys) for key, statistic in statistics.items()}
    return {
        "learner": name,
        "settings": settings,
        "chosen_by": {each: max(a for a, n, _, _ in tried if n == each) for each in LEARNERS},
        "held_out": len(held_out.keys),
        **figures,
    }
