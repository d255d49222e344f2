"""The carried counts of a bucket's customers as arrays, in which sums by user are one operation.

Every sum is of whole numbers, hence exact; figures that are no sums follow from sums alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl

from interest_spark.features.customers.decay import weights_by_age
from interest_spark.foundation.dates import days_since_1970
from interest_spark.schemas.customer_features import MEASURES
from interest_spark.schemas.interests import KINDS


def begins(*keys: pl.Series) -> np.ndarray:
    """Whether each place begins a run of equal keys: bool[m]."""
    found = np.zeros(len(keys[0]), bool)
    for key in keys:
        found |= key.ne_missing(key.shift()).to_numpy()
    found[:1] = True
    return found


def reduced(how: np.ufunc, values: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """Each run's values brought together; `firsts` are the places that runs begin at."""
    found: np.ndarray = how.reduceat(values, firsts) if len(firsts) else values[:0]
    return found


class Days:
    """Rows of `customer_days`, m of n users, in the order of user and day; `day` is the one that all is as of."""

    def __init__(self, rows: pl.DataFrame, day: date, window_days: int) -> None:
        self.rows, self.window_days = rows, window_days
        first = begins(rows["user_id"])
        self.firsts = np.flatnonzero(first)
        self.users = rows["user_id"].gather(self.firsts)
        self.user = np.cumsum(first) - 1
        self.event_day = rows["event_day"].to_physical().to_numpy().astype(np.int64)
        self.age = ages(self.event_day, day)
        self.weekday = 1 + (self.event_day + 3) % 7  # 1 is Monday; 1970 began on a Thursday

    def __len__(self) -> int:
        return len(self.firsts)

    def measure(self, name: str) -> np.ndarray:
        """What is counted of each day: int64[m]."""
        declared = MEASURES[name]
        values = self.rows[declared.column].to_numpy()
        return np.where(np.isin(self.weekday, declared.weekdays), values, 0) if declared.weekdays else values

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sums by user: int64[n]."""
        return reduced(np.add, values, self.firsts)

    def within(self, name: str, days: int, before: int = 0) -> np.ndarray:
        """The measure summed over so many days, which end `before` days before the day: int64[n]."""
        return self.total(self.measure(name) * ((self.age >= before) & (self.age < before + days)))

    def decayed(self, name: str, half_life: float) -> np.ndarray:
        """The measure summed with weights of decay: int64[n], in units of decay.ONE."""
        return self.total(self.measure(name) * weights_by_age(half_life, self.window_days)[self.age])

    def later_events(self) -> np.ndarray:
        """How many events each user had on later days than each: int64[m]."""
        events = self.rows["events"].to_numpy()
        return self.total(events)[self.user] - (np.cumsum(events) - self._before()[self.user])

    def _before(self) -> np.ndarray:
        """How many events all users before each have: int64[n]."""
        events = np.cumsum(self.rows["events"].to_numpy())
        return np.where(self.firsts > 0, events[self.firsts - 1], 0) if len(events) else events


def ages(event_day: np.ndarray, day: date) -> np.ndarray:
    """How many days ago each event was; one of a clock that runs ahead counts as of the day itself: int64[m]."""
    found: np.ndarray = np.maximum(days_since_1970(day) - event_day, 0)
    return found


def users_of(rows: pl.DataFrame, days: Days) -> np.ndarray:
    """The place among `days.users` of each row's user, of rows in the order of users: int64[m]."""
    first = begins(rows["user_id"])
    places = pl.DataFrame({"user_id": days.users, "user": np.arange(len(days))})
    own = rows.select("user_id").filter(pl.Series(first)).join(places, on="user_id", how="left", maintain_order="left")
    return own["user"].to_numpy()[np.cumsum(first) - 1].astype(np.int64)


@dataclass(frozen=True)
class Interests:
    """Counts of one kind of interests by user and value: `of_pair` sums rows to p pairs, `of_user` pairs to n users.

    `user` is int64[p], `value` has the p names in the order of user and name.
    """

    age: np.ndarray
    events: np.ndarray
    firsts: np.ndarray
    user: np.ndarray
    value: pl.Series
    users: int

    def of_pair(self, values: np.ndarray) -> np.ndarray:
        """Sums of rows by pair: int64[p]."""
        return reduced(np.add, values, self.firsts)

    def within(self, days: int, before: int = 0) -> np.ndarray:
        """Each pair's events of so many days, which end `before` days before the day: int64[p]."""
        return self.of_pair(self.events * ((self.age >= before) & (self.age < before + days)))

    def decayed(self, half_life: float, window_days: int) -> np.ndarray:
        """Each pair's events with weights of decay: int64[p], in units of decay.ONE."""
        return self.of_pair(self.events * weights_by_age(half_life, window_days)[self.age])

    def of_user(self, values: np.ndarray) -> np.ndarray:
        """Sums of pairs by user, of what is whole or small: float64[n]."""
        return np.bincount(self.user, weights=values, minlength=self.users)

    @cached_property
    def first_pairs(self) -> np.ndarray:
        """The first pair of each user that has one."""
        return np.flatnonzero(begins(pl.Series(self.user)))


@dataclass(frozen=True)
class Customers:
    """All that features are computed from: the users' `days`, and their `interests` by kind."""

    days: Days
    interests: Mapping[str, Interests]

    @classmethod
    def of(cls, days: pl.DataFrame, interests: pl.DataFrame, day: date, window_days: int) -> "Customers":
        """Rows of the carried tables of the same users, in the order of their keys, as of a day."""
        found = Days(days, day, window_days)
        numbered = interests.select(
            "kind",
            "value",
            "events",
            user=pl.Series(users_of(interests, found)),
            age=pl.Series(ages(interests["event_day"].to_physical().to_numpy().astype(np.int64), day)),
        )
        kinds = {kind: numbered.filter(pl.col("kind") == kind) for kind in KINDS}
        return cls(found, {kind: _interests(rows, len(found)) for kind, rows in kinds.items()})


def _interests(rows: pl.DataFrame, users: int) -> Interests:
    """Of rows of one kind."""
    firsts = np.flatnonzero(begins(rows["user"], rows["value"]))
    events, age, user = (rows[name].to_numpy() for name in ("events", "age", "user"))
    return Interests(age, events, firsts, user[firsts], rows["value"].gather(firsts), users)
