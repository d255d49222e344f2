"""Interest profiles: how much of a person's attention each category, brand, price level, … has, for long and lately.

An event of age a (days) and of a behavior that weighs w counts w 2^(-a/h) for long-term interest, h the half-life. For
short-term interest it counts w 2^(-(a/s + e/k)): e is how many events the user had after it, so that what somebody
came for today shows after a few clicks, however much was done before. Interests are shares of these within their kind.
Forward in time and in whole numbers (see decay): exponential decay after Cormode et al., Forward decay, ICDE 2009.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.features.customers.decay import BEHAVIOR_UNIT, ONE, weights, weights_by_age
from interest_spark.features.customers.features import StateBuckets
from interest_spark.foundation.dates import days_since_1970
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import Bucket
from interest_spark.storage.parts import write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROFILES = "profiles"

_KIND = ("user_id", "kind")
_INTEREST = (*_KIND, "value")


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
    by_interest = _summed(_weighed(days, interests, day, rules))
    of_kind = by_interest.group_by(*_KIND).agg(
        pl.col("long", "short", "recent", "earlier", "left").sum().name.suffix("_of_kind")
    )
    rows = by_interest.join(of_kind, on=_KIND, how="left").filter(pl.col("long_of_kind") > 0)
    rows = rows.sort(*_KIND, "long", "value", descending=[False, False, True, False])
    rows = rows.with_columns(rank=pl.int_range(1, pl.len() + 1).over(*_KIND)).filter(pl.col("rank") <= rules.top)
    return rows.select(**_figures(rules)).select(*schema.names).to_arrow().cast(schema)


def _weighed(days: pl.DataFrame, interests: pl.DataFrame, day: date, rules: ProfileRules) -> pl.DataFrame:
    """Rows of `customer_interests` whose behavior counts, with what they weigh for long and for short."""
    rows = interests.with_columns(unit=pl.col("behavior").replace_strict(rules.units, return_dtype=pl.Int64))
    rows = rows.filter(pl.col("unit") > 0).join(_later_events(days), on=("user_id", "event_day"), how="left")
    age = days_since_1970(day) - rows["event_day"].to_physical().to_numpy().astype(np.int64)
    age = np.maximum(age, 0)
    events, unit = rows["events"].to_numpy(), rows["unit"].to_numpy()
    later = rows["later"].to_numpy() + rows["places"].to_numpy() / events  # of a day's events of the row, on average
    long = weights_by_age(rules.half_life_days, rules.window_days)[age]
    short = weights(age / rules.short_half_life_days + later / rules.short_half_life_events)
    is_recent = age < rules.trend_days
    return rows.with_columns(
        long=pl.Series(events * unit * long),
        short=pl.Series(events * unit * short),
        left=pl.Series(events * long),
        recent=pl.Series(events * unit * is_recent),
        earlier=pl.Series(events * unit * ~is_recent),
    )


def _later_events(days: pl.DataFrame) -> pl.DataFrame:
    """How many events each user had on later days than each: `user_id, event_day, later`."""
    after = pl.col("events").sum().over("user_id") - pl.col("events").cum_sum().over("user_id")
    return days.select("user_id", "event_day", later=after)


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by(*_INTEREST).agg(
        pl.col("long", "short", "recent", "earlier", "left", "events").sum(),
        pl.col("event_day").min().alias("first_seen"),
        pl.col("event_day").max().alias("last_seen"),
    )


def _figures(rules: ProfileRules) -> dict[str, pl.Expr]:
    """The columns of `profiles`, from sums of an interest and of its kind."""

    def share(of: str) -> pl.Expr:
        total = pl.col(f"{of}_of_kind")
        return pl.when(total > 0).then(pl.col(of) / total)

    left = pl.col("left_of_kind") / ONE
    return {
        "user_id": pl.col("user_id"),
        "interest": pl.col("kind"),
        "name": pl.col("value"),
        "rank": pl.col("rank"),
        "value": share("long"),
        "short_term": share("short").fill_null(0.0),
        "confidence": left / (left + rules.prior_events),
        "trend": share("recent") - share("earlier"),
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
