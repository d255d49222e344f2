"""How features of each kind are computed: one function a kind, of the customers and the feature's declaration.

Each gives a value a user, and which of them are known. A further kind is a function here and its formula in words in
schemas/customer_features.yaml.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.features.customers.customers import Customers, Days, Interests, reduced
from interest_spark.features.customers.decay import ONE
from interest_spark.schemas.customer_features import MEASURES, Feature
from interest_spark.schemas.interests import PRICE_LEVELS


@dataclass(frozen=True)
class Values:
    """A value of each of n users; where `known` is False it means nothing."""

    values: np.ndarray
    known: np.ndarray | None = None

    def column(self, kind: pa.DataType) -> pa.Array:
        """As a column of that type, null where it is not known."""
        mask = None if self.known is None else ~self.known
        return pa.array(self.values, mask=mask, from_pandas=False).cast(kind)


def compute(feature: Feature, customers: Customers) -> Values:
    """The feature of each user, in the order of `customers.days.users`."""
    return _FORMULAS[feature.kind](customers, feature)


def _scaled(name: str, values: np.ndarray) -> np.ndarray:
    scale = MEASURES[name].scale
    return values if scale == 1 else values * scale


def _total(customers: Customers, feature: Feature) -> Values:
    return Values(_scaled(feature.of, customers.days.within(feature.of, feature.days)))


def _active_days(customers: Customers, feature: Feature) -> Values:
    days = customers.days
    return Values(days.total(_is_active(days, feature).astype(np.int64)))


def _is_active(days: Days, feature: Feature) -> np.ndarray:
    """Whether each of the users' days has any of what the feature is of, within its window."""
    return (days.measure(feature.of) > 0) & (days.age < feature.days)


def _since_last(customers: Customers, feature: Feature) -> Values:
    return _age_of(customers.days, feature, np.minimum, feature.days)


def _since_first(customers: Customers, feature: Feature) -> Values:
    return _age_of(customers.days, feature, np.maximum, -1)


def _age_of(days: Days, feature: Feature, which: np.ufunc, none: int) -> Values:
    active = _is_active(days, feature)
    ages = np.where(active, days.age, none)
    found = reduced(which, ages, days.firsts)
    return Values(found, found != none)


def _ratio(customers: Customers, feature: Feature) -> Values:
    return _divided(*_both(customers.days, feature))


def _both(days: Days, feature: Feature, before: int = 0) -> tuple[np.ndarray, np.ndarray]:
    of, per = (days.within(name, feature.days, before) for name in (feature.of, feature.per))
    return _scaled(feature.of, of), _scaled(feature.per, per)


def _divided(of: np.ndarray, per: np.ndarray) -> Values:
    return Values(of / np.where(per > 0, per, 1), per > 0)


def _decayed(customers: Customers, feature: Feature) -> Values:
    return Values(_scaled(feature.of, customers.days.decayed(feature.of, feature.half_life) / ONE))


def _trend(customers: Customers, feature: Feature) -> Values:
    windows = (customers.days.within(feature.of, feature.days, before) for before in (0, feature.days))
    recent, earlier = (np.maximum(_scaled(feature.of, each), 0) for each in windows)
    return Values(np.log((recent + 1) / (earlier + 1)))


def _ratio_trend(customers: Customers, feature: Feature) -> Values:
    recent, earlier = (_divided(*_both(customers.days, feature, before)) for before in (0, feature.days))
    assert recent.known is not None and earlier.known is not None
    return Values(recent.values - earlier.values, recent.known & earlier.known)


def _interval(customers: Customers, feature: Feature) -> Values:
    count, total, squares = _gaps(customers.days, feature)
    mean = total / np.maximum(count, 1)
    if feature.statistic == "mean":
        return Values(mean, count >= 1)
    variance = np.maximum(squares / np.maximum(count, 1) - mean**2, 0)
    return Values(np.sqrt(variance), count >= 2)


def _overdue(customers: Customers, feature: Feature) -> Values:
    count, total, _ = _gaps(customers.days, feature)
    since = _since_last(customers, feature).values
    return Values(since * count / np.maximum(total, 1), count >= 1)


def _gaps(days: Days, feature: Feature) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many pairs of consecutive active days each user has, the days between them, and their squares: int64[n]."""
    place = np.flatnonzero(_is_active(days, feature))
    user, age = days.user[place], days.age[place]
    gap = (age[:-1] - age[1:])[user[:-1] == user[1:]]
    of = user[1:][user[:-1] == user[1:]]
    sums = (np.bincount(of, weights=each, minlength=len(days)) for each in (np.ones(len(gap)), gap, gap**2))
    count, total, squares = (each.astype(np.int64) for each in sums)
    return count, total, squares


def _interests(customers: Customers, feature: Feature) -> tuple[Interests, np.ndarray, np.ndarray]:
    """The kind's pairs, the decayed events of each, and those of each user."""
    interests = customers.interests[feature.interest]
    weight = interests.decayed(feature.half_life, customers.days.window_days)
    return interests, weight, interests.of_user(weight)


def _largest(interests: Interests, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each user's largest weight, and the first pair that has it; 0 for users without any."""
    largest, place = np.zeros(interests.users), np.zeros(interests.users, np.int64)
    if len(weight):
        of = interests.user[interests.first_pairs]
        largest[of] = np.maximum.reduceat(weight, interests.first_pairs)
        best = np.flatnonzero(weight == largest[interests.user])[::-1]
        place[interests.user[best]] = best
    return largest, place


def _top(customers: Customers, feature: Feature) -> Values:
    interests, weight, total = _interests(customers, feature)
    if not len(weight):
        return Values(np.full(interests.users, "", object), total > 0)
    _, place = _largest(interests, weight)
    return Values(interests.value.gather(place).to_numpy(), total > 0)


def _top_share(customers: Customers, feature: Feature) -> Values:
    interests, weight, total = _interests(customers, feature)
    return _divided(_largest(interests, weight)[0], total)


def _share(customers: Customers, feature: Feature) -> Values:
    interests, weight, total = _interests(customers, feature)
    return _divided(interests.of_user(np.where((interests.value == feature.value).to_numpy(), weight, 0)), total)


def _entropy(customers: Customers, feature: Feature) -> Values:
    interests, weight, total = _interests(customers, feature)
    share = weight / np.maximum(total, 1)[interests.user]
    information = -share * np.log2(np.where(share > 0, share, 1))
    return Values(interests.of_user(information) + 0.0, total > 0)


def _level(customers: Customers, feature: Feature) -> Values:
    interests, weight, total = _interests(customers, feature)
    places = {name: place for place, name in enumerate(PRICE_LEVELS, start=1)}
    level = interests.value.replace_strict(places, default=0, return_dtype=pl.Int64).to_numpy()
    return _divided(interests.of_user(weight * level), total)


def _distinct(customers: Customers, feature: Feature) -> Values:
    interests = customers.interests[feature.interest]
    return Values(interests.of_user(interests.within(feature.days) > 0).astype(np.int64))


def _novelty(customers: Customers, feature: Feature) -> Values:
    interests, window = customers.interests[feature.interest], customers.days.window_days
    recent = interests.within(feature.days)
    is_new = interests.within(window, before=feature.days) == 0
    return _divided(interests.of_user(recent * is_new), interests.of_user(recent))


def _shift(customers: Customers, feature: Feature) -> Values:
    interests = customers.interests[feature.interest]
    recent = interests.within(feature.days)
    earlier = interests.within(2 * feature.days, before=feature.days)
    totals = [interests.of_user(each) for each in (recent, earlier)]
    shares = [
        each / np.maximum(total, 1)[interests.user] for each, total in zip((recent, earlier), totals, strict=True)
    ]
    distance = np.minimum(interests.of_user(np.abs(shares[0] - shares[1])) / 2, 1)
    return Values(distance, (totals[0] > 0) & (totals[1] > 0))


_FORMULAS: dict[str, Callable[[Customers, Feature], Values]] = {
    "total": _total,
    "active_days": _active_days,
    "since_last": _since_last,
    "since_first": _since_first,
    "ratio": _ratio,
    "decayed": _decayed,
    "trend": _trend,
    "ratio_trend": _ratio_trend,
    "interval": _interval,
    "overdue": _overdue,
    "top": _top,
    "top_share": _top_share,
    "share": _share,
    "entropy": _entropy,
    "level": _level,
    "distinct": _distinct,
    "novelty": _novelty,
    "shift": _shift,
}
