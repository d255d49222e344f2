"""Who was at risk on a cut-off day, how long each may stay away, and who did: from the daily counts alone.

All times are whole days. What is known on the cut-off decides who is looked at and each one's horizon; the days after
it decide the label, and none of after the horizon's end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_spark.applications.churn.bgnbd import Purchases


@dataclass(frozen=True)
class Target:
    """What staying away is told by: a column of `customer_days`, and features that say when and how often it was."""

    column: str
    since_last: str
    since_first: str
    interval: str


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "purchase": Target("purchase", "days_since_purchase", "buyer_days", "purchase_interval_mean"),
        "visit": Target("events", "days_since_event", "tenure_days", "visit_interval_mean"),
    }
)


@dataclass(frozen=True)
class LabelRules:
    """When somebody has churned; see the section `churn` of the configuration."""

    target: str
    definition: Literal["rhythm", "plain"]
    active_days: int
    gap_days: int
    horizon_days: int
    rhythm_times: float
    rhythm_least_days: int
    rhythm_most_days: int

    @property
    def of(self) -> Target:
        return TARGETS[self.target]

    @property
    def known_after(self) -> int:
        """So many days after a cut-off it is known of everybody who has churned, by the definition that decides."""
        return self.gap_days + (self.rhythm_most_days if self.definition == "rhythm" else self.horizon_days)


def at_risk(features: pl.DataFrame, rules: LabelRules) -> pl.DataFrame:
    """Rows of `customer_features` of users who were lately active, with `rhythm_days`: each one's own horizon.

    rhythm_days = clip(ceil(rhythm_times · mean days between target days), rhythm_least_days, rhythm_most_days); who
    has but one target day gets the plain horizon, clipped alike.
    """
    own = (pl.col(rules.of.interval) * rules.rhythm_times).ceil().fill_null(rules.horizon_days)
    lately = pl.col(rules.of.since_last) < rules.active_days
    return features.filter(lately.fill_null(False)).with_columns(
        rhythm_days=own.clip(rules.rhythm_least_days, rules.rhythm_most_days).cast(pl.Int32),
    )


def horizon(rules: LabelRules) -> pl.Expr:
    """The days that decide, of rows of `at_risk`."""
    return pl.col("rhythm_days") if rules.definition == "rhythm" else pl.lit(rules.horizon_days, pl.Int32)


def horizon_of(rows: pl.DataFrame, definition: str, horizon_days: int) -> NDArray[np.float64]:
    """The same as numbers: float64[n]."""
    if definition == "rhythm":
        return rows["rhythm_days"].to_numpy().astype(np.float64)
    return np.full(len(rows), float(horizon_days))


def labelled(rows: pl.DataFrame, days: pl.DataFrame, cutoff: date, rules: LabelRules) -> pl.DataFrame:
    """The rows of `at_risk` with `churned_plain`, `churned_rhythm`, and `churned` by the definition that decides.

    days: rows of `customer_days` as of a day by which the horizons have ended; `user_id, event_day` and the target.
    """
    first = cutoff + timedelta(rules.gap_days + 1)
    came = days.filter((pl.col(rules.of.column) > 0) & (pl.col("event_day") >= first)).group_by("user_id")
    next_day = came.agg(waited=((pl.col("event_day").min() - cutoff).dt.total_days() - rules.gap_days).cast(pl.Int32))
    found = rows.join(next_day, on="user_id", how="left", maintain_order="left")
    never = 1 << 30
    waited = pl.col("waited").fill_null(never)
    return found.with_columns(
        churned_plain=waited > rules.horizon_days,
        churned_rhythm=waited > pl.col("rhythm_days"),
        churned=waited > horizon(rules),
    ).drop("waited")


HISTORY = ("history_repeats", "history_span", "history_days")
"""Columns that `with_history` adds: repeat target days, the days from the first to the last, and from the first on."""


def with_history(rows: pl.DataFrame, days: pl.DataFrame, cutoff: date, window: int, target: Target) -> pl.DataFrame:
    """The rows with HISTORY over so many days up to the cut-off, which may be more than features look back.

    days: rows of `customer_days` that hold as many days before the cut-off; those of after it count for nothing.
    """
    kept = (pl.col("event_day") <= cutoff) & (pl.col("event_day") > cutoff - timedelta(window))
    first, last = pl.col("event_day").min(), pl.col("event_day").max()
    found = days.filter((pl.col(target.column) > 0) & kept).group_by("user_id")
    repeats, span, age = HISTORY
    of_user = found.agg(
        (pl.len() - 1).cast(pl.Float64).alias(repeats),
        (last - first).dt.total_days().cast(pl.Float64).alias(span),
        (pl.lit(cutoff) - first).dt.total_days().cast(pl.Float64).alias(age),
    )
    joined = rows.join(of_user, on="user_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col(*HISTORY).fill_null(0.0))


def purchases_of(rows: pl.DataFrame, target: Target) -> Purchases:
    """What BG/NBD needs of each row of `at_risk`, in days: from HISTORY, or else from features.

    Of these the repeat target days are the days between the first and the last one over their mean interval.
    """
    if HISTORY[0] in rows.columns:
        return Purchases(*(rows[name].to_numpy() for name in HISTORY))
    first, last, mean = (
        rows[name].cast(pl.Float64).fill_null(0.0).to_numpy()
        for name in (target.since_first, target.since_last, target.interval)
    )
    span = first - last
    again = (span / np.where(mean > 0, mean, 1.0)).round()
    return Purchases(again * (mean > 0), span, first)
