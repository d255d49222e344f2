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


class Days:
    """Rows of `customer_days`, m of n users, in the order of user and day; `day` is the one that all is as of."""

    def __init__(self, rows: pl.DataFrame, day: date, window_days: int) -> None:
        self.rows, self.window_days = rows, window_days
        user = rows["user_id"]
        begins = np.ones(len(rows), bool)
        begins[1:] = (user != user.shift())[1:].to_numpy()
        self.firsts = np.flatnonzero(begins)
        self.users = user.gather(self.firsts)
        self.user = np.cumsum(begins) - 1
        event_day = rows["event_day"].to_physical().to_numpy().astype(np.int64)
        # An event of a clock that runs ahead counts as one of the day itself.
        self.age = np.maximum(days_since_1970(day) - event_day, 0)
        self.weekday = 1 + (event_day + 3) % 7  # 1 is Monday; 1970 began on a Thursday

    def __len__(self) -> int:
        return len(self.firsts)

    def measure(self, name: str) -> np.ndarray:
        """What is counted of each day: int64[m]."""
        declared = MEASURES[name]
        values = self.rows[declared.column].to_numpy()
        return np.where(np.isin(self.weekday, declared.weekdays), values, 0) if declared.weekdays else values

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sums by user: int64[n]."""
        found: np.ndarray = np.add.reduceat(values, self.firsts) if len(values) else values[:0]
        return found

    def within(self, name: str, days: int, before: int = 0) -> np.ndarray:
        """The measure summed over so many days, which end `before` days before the day: int64[n]."""
        return self.total(self.measure(name) * ((self.age >= before) & (self.age < before + days)))

    def decayed(self, name: str, half_life: float) -> np.ndarray:
        """The measure summed with weights of decay: int64[n], in units of decay.ONE."""
        return self.total(self.measure(name) * weights_by_age(half_life, self.window_days)[self.age])


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

    @classmethod
    def of(cls, days: Days, rows: pl.DataFrame, day: date) -> "Interests":
        """Rows of `customer_interests` of one kind, in the order of user and value; `days` has all their users."""
        places = pl.DataFrame({"user_id": days.users, "user": np.arange(len(days))})
        user = rows.select("user_id").join(places, on="user_id", how="left", maintain_order="left")["user"].to_numpy()
        value = rows["value"]
        begins = np.ones(len(rows), bool)
        begins[1:] = (user[1:] != user[:-1]) | (value != value.shift())[1:].to_numpy()
        firsts = np.flatnonzero(begins)
        age = days_since_1970(day) - rows["event_day"].to_physical().to_numpy().astype(np.int64)
        events = rows["events"].to_numpy()
        return cls(np.maximum(age, 0), events, firsts, user[firsts].astype(np.int64), value.gather(firsts), len(days))

    def of_pair(self, values: np.ndarray) -> np.ndarray:
        """Sums of rows by pair: int64[p]."""
        found: np.ndarray = np.add.reduceat(values, self.firsts) if len(values) else values[:0]
        return found

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
        begins = np.ones(len(self.user), bool)
        begins[1:] = self.user[1:] != self.user[:-1]
        return np.flatnonzero(begins)


@dataclass(frozen=True)
class Customers:
    """All that features are computed from: the users' `days`, and their `interests` by kind."""

    days: Days
    interests: Mapping[str, Interests]

    @classmethod
    def of(cls, days: pl.DataFrame, interests: pl.DataFrame, day: date, window_days: int) -> "Customers":
        """Rows of the carried tables of the same users, in the order of their keys, as of a day."""
        found = Days(days, day, window_days)
        return cls(found, {kind: Interests.of(found, interests.filter(pl.col("kind") == kind), day) for kind in KINDS})
