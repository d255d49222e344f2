"""Interest profiles: how much of a person's attention each category, brand, price level, … has, for long and lately.

An event of age a (days) and of a behavior that weighs w counts w 2^(-a/h) for long-term interest, h the half-life. For
short-term interest it counts w 2^(-(a/s + e/k)): e is how many events the user had after it, so that what somebody
came for today shows after a few clicks, however much was done before. Interests are shares of these within their kind.
How far n events are to be believed is n / (n + k) (Bühlmann, ASTIN Bulletin 4, 1967).
All weights are whole numbers: see decay.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.features.customers.customers import Days, ages, begins, reduced, users_of
from interest_spark.features.customers.decay import BEHAVIOR_UNIT, ONE, weights, weights_by_age
from interest_spark.features.customers.features import StateBuckets
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import Bucket
from interest_spark.storage.parts import write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROFILES = "profiles"


@dataclass(frozen=True)
class ProfileRules:
    """What counts how much; see the section `profiles` of the configuration. `version` names these rules."""

    window_days: int
    half_life_days: float
    short_half_life_days: float
    short_half_life_events: float
    trend_days: int
    prior_events: float
    top: int
    behavior_weights: Mapping[str, float]
    version: str

    @cached_property
    def units(self) -> Mapping[str, int]:
        """The weight of each behavior, in units of 1 / BEHAVIOR_UNIT."""
        given = self.behavior_weights or dict.fromkeys(BEHAVIORS, 1.0)
        return {behavior: round(BEHAVIOR_UNIT * given.get(behavior, 0.0)) for behavior in BEHAVIORS}


def profiles_of(days: pl.DataFrame, interests: pl.DataFrame, day: date, rules: ProfileRules) -> pa.Table:
    """Rows of `profiles` as of the day, in the order of user, kind and rank, from rows of the carried tables."""
    schema = TABLES[PROFILES]
    rows = interests.with_columns(unit=pl.col("behavior").replace_strict(rules.units, return_dtype=pl.Int64))
    rows = rows.filter(pl.col("unit") > 0)
    firsts = np.flatnonzero(begins(rows["user_id"], rows["kind"], rows["value"]))
    sums = {name: reduced(np.add, values, firsts) for name, values in _weights(days, rows, day, rules).items()}
    event_day = rows["event_day"].to_physical().to_numpy()
    found = rows.select("user_id", "kind", "value")[firsts].with_columns(
        first_seen=pl.Series(reduced(np.minimum, event_day, firsts)).cast(pl.Date),
        last_seen=pl.Series(reduced(np.maximum, event_day, firsts)).cast(pl.Date),
        **{name: pl.Series(values) for name, values in sums.items()},
    )
    listed = _listed(found, rules.top)
    return listed.select(**_figures(rules)).select(*schema.names).to_arrow().cast(schema)


def _weights(days: pl.DataFrame, rows: pl.DataFrame, day: date, rules: ProfileRules) -> dict[str, np.ndarray]:
    """What the events of each row of `customer_interests` weigh, for long, for short, and to compare: int64[m] each."""
    event_day, events, places, unit = (
        rows[name].to_physical().to_numpy().astype(np.int64) for name in ("event_day", "events", "places", "unit")
    )
    age = ages(event_day, day)
    long = weights_by_age(rules.half_life_days, rules.window_days)[age]
    later = _later_events(Days(days, day, rules.window_days), rows, event_day)
    later = later + places / events  # of a day's events of the row, on average
    short = weights(age / rules.short_half_life_days + later / rules.short_half_life_events)
    is_recent = age < rules.trend_days
    return {
        "events": events,
        "long": events * unit * long,
        "short": events * unit * short,
        "left": events * long,
        "recent": events * unit * is_recent,
        "earlier": events * unit * ~is_recent,
        "recent_events": events * is_recent,
    }


def _later_events(days: Days, rows: pl.DataFrame, event_day: np.ndarray) -> np.ndarray:
    """How many events the user of each row had on later days: int64[m]."""
    span = 1 << 32
    place = np.searchsorted(days.user * span + days.event_day, users_of(rows, days) * span + event_day)
    return days.later_events()[place]


def _listed(found: pl.DataFrame, top: int) -> pl.DataFrame:
    """The first `top` of each user and kind, by long-term interest, equal ones by name; with the sums of the kind."""
    run = np.cumsum(begins(found["user_id"], found["kind"])) - 1
    starts = np.flatnonzero(begins(pl.Series(run)))
    names = ("long", "short", "recent", "earlier", "left", "events", "recent_events")
    of_kind = {f"{name}_of_kind": reduced(np.add, found[name].to_numpy(), starts)[run] for name in names}
    long = found["long"].to_numpy()
    order = np.lexsort((-long, run))  # a stable sort: equal ones stay in the order of their names
    rank = np.empty(len(run), np.int64)
    rank[order] = np.arange(len(run)) - starts[run] + 1
    kept = order[(rank[order] <= top) & (of_kind["long_of_kind"][order] > 0)]
    columns = {name: pl.Series(values) for name, values in of_kind.items()}
    return found.with_columns(rank=pl.Series(rank), **columns)[kept]


def _figures(rules: ProfileRules) -> dict[str, pl.Expr]:
    """The columns of `profiles`, from sums of an interest and of its kind."""

    def share(of: str) -> pl.Expr:
        total = pl.col(f"{of}_of_kind")
        return pl.when(total > 0).then(pl.col(of) / total)

    def credibility(events: pl.Expr) -> pl.Expr:
        return events / (events + rules.prior_events)

    recent_events = pl.col("recent_events_of_kind")
    credible = credibility(recent_events) * credibility(pl.col("events_of_kind") - recent_events)
    return {
        "user_id": pl.col("user_id"),
        "interest": pl.col("kind"),
        "name": pl.col("value"),
        "rank": pl.col("rank"),
        "value": share("long"),
        "short_term": share("short").fill_null(0.0),
        "confidence": credibility(pl.col("left_of_kind") / ONE),
        "trend": (share("recent") - share("earlier")) * credible,
        "evidence": pl.col("events"),
        "half_life_days": pl.lit(float(rules.half_life_days)),
        "first_seen": pl.col("first_seen"),
        "last_seen": pl.col("last_seen"),
        "version": pl.lit(rules.version),
    }


@dataclass(frozen=True)
class ProfilesBuild:
    """Whose profiles, and by which rules."""

    state: StateBuckets
    rules: ProfileRules

    def write(self, number: int) -> Iterator[str]:
        """Writes the bucket's rows of `profiles`; gives the path, if there are any."""
        found = profiles_of(*self.state.read(number), self.state.day, self.rules)
        if len(found):
            bucket = Bucket(number, self.state.buckets)
            yield write_part(self.state.folder, PROFILES, self.state.day.isoformat(), found, bucket)


def build_profiles(spark: "SparkSession", build: ProfilesBuild) -> Sequence[str]:
    """Write `profiles`; returns the paths."""
    return each_in_a_task(spark, range(build.state.buckets), build.write)
