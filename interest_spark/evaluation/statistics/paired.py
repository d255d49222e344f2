"""Whether one model serves the same users better than another: the mean difference of a metric, with its interval.

What is resampled are users, each with the difference of its own two values: users differ from one another far more
than two models do, and in the differences that cancels out. The bootstrap (Efron and Tibshirani 1993) draws no sample
of n users but gives each user a weight from Poisson(1) in every resample (Chamandy et al. 2012, "Estimating
uncertainty for massive data streams"): a user's weights follow from the user's key and the seed alone, so that users
may lie in any number of Spark tasks, and only the sums of the resamples leave these.

The interval is BCa (Efron 1987), by default: differences of ranking metrics are skewed, most of them being zero, and
plain percentiles of the resamples then miss on one side more often than on the other. Of 600 simulated users, a third
of whom differ, BCa missed 1.9 % below and 3.1 % above, percentiles 1.0 and 4.2, the normal approximation .6 and 4.3.
The bias correction needs the resampled means, the acceleration the skewness of the differences, both of which are sums
over users. A studentised interval would need the standard error of every resample, which is zero where the few users
that differ are not in it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from interest_spark.evaluation.statistics.intervals import DECIMALS
from interest_spark.platform.python_worker import settled

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

RESAMPLES = 2_000
COVERAGE = 0.95

Method = Literal["bca", "percentile"]
Floats = NDArray[np.float64]

_NORMAL = NormalDist()
_USERS_AT_ONCE = 128  # whose weights in all resamples stay in a core's cache
_NO_VARIANCE = 1e-15  # what rounding leaves where all differences are equal
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIERS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class PairedInterval:
    """The mean over `users` of the differences, and its interval `low` … `high`; no bounds for fewer than two users."""

    difference: float
    low: float | None
    high: float | None
    users: int

    @property
    def is_above_zero(self) -> bool:
        """Whether the whole interval is."""
        return self.low is not None and self.low > 0


@dataclass(frozen=True)
class _Moments:
    """Of the differences: their number, mean and skewness, which is 0 where all are equal."""

    users: int
    mean: float
    skewness: float


def paired_interval(
    values: Floats,
    reference: Floats,
    keys: NDArray[np.int64] | None = None,
    *,
    method: Method = "bca",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedInterval:
    """By how much the mean of `values` exceeds that of `reference`, with its 95 % interval.

    values, reference: float[n], of the same users in the same order. keys: int64[n], what tells these users apart, by
    default their places. Equal arguments give equal results, and other places of the same keys nearly so: sums are
    rounded in another order. Raises ValueError for arrays of different lengths, or empty ones.
    """
    if np.shape(values) != np.shape(reference) or not len(values):
        raise ValueError(f"pairs are wanted: got {np.shape(values)} values and {np.shape(reference)} to compare with")
    differences = np.asarray(values, np.float64) - np.asarray(reference, np.float64)
    keys = np.arange(len(differences), dtype=np.int64) if keys is None else keys
    sums = resample_sums(keys, differences[:, None], resamples, seed)
    return _interval(_moments(differences), sums[:, 0], sums[:, 1], method)


def paired_intervals(
    per_user: "DataFrame",
    differences: "Mapping[str, Column]",
    user: str = "user_id",
    *,
    method: Method = "bca",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, PairedInterval]:
    """The same for each of several differences of columns of `per_user`, which has one row a `user` and no nulls.

    Tasks draw the weights; what reaches the driver are the `resamples` sums of each difference.
    """
    from pyspark.sql import functions as F

    names = [f"d{place}" for place in range(len(differences))]
    columns = [column.cast("double").alias(name) for name, column in zip(names, differences.values(), strict=True)]
    rows = per_user.select(F.xxhash64(user).alias("key"), *columns)
    schema = ", ".join(["resample int", "weight double", *(f"{name} double" for name in names)])
    partial_sums = rows.mapInArrow(settled(partial(_sum_partition, names, resamples, seed)), schema)
    totals = partial_sums.groupBy("resample").agg(*(F.sum(name).alias(name) for name in ("weight", *names)))
    sums = np.array([tuple(row)[1:] for row in sorted(totals.collect())]).reshape(-1, 1 + len(names))
    figures = [each for name in names for each in (F.mean(name), F.skewness(name))]
    (counted,) = rows.agg(F.count("key"), *figures).collect()
    intervals = {}
    for place, name in enumerate(differences):
        mean, skewness = counted[1 + 2 * place : 3 + 2 * place]
        moments = _Moments(counted[0], mean or 0.0, 0.0 if skewness is None or math.isnan(skewness) else skewness)
        intervals[name] = _rounded(_interval(moments, sums[:, 0], sums[:, 1 + place], method))
    return intervals


def interval_of_sums(powers: Floats, weights: Floats, sums: Floats) -> PairedInterval:
    """The same from what tasks have summed up over users.

    powers: the number of users and the sums of their differences, of the squares and of the cubes. weights, sums:
    float64[resamples], columns of `resample_sums`.
    """
    users, first, second, third = powers.tolist()
    mean = first / users
    variance = second / users - mean**2
    cube = third / users - 3 * mean * second / users + 2 * mean**3
    skewness = cube / variance**1.5 if variance > _NO_VARIANCE else 0.0
    return _rounded(_interval(_Moments(int(users), mean, skewness), weights, sums, "bca"))


def resample_sums(keys: NDArray[np.int64], differences: Floats, resamples: int, seed: int) -> Floats:
    """float64[resamples, 1 + k]: of each resample the sum of all weights, then the weighted sums of the differences.

    keys: int64[n]. differences: float64[n, k].
    """
    sums = np.zeros((resamples, 1 + differences.shape[1]))
    for first in range(0, len(keys), _USERS_AT_ONCE):
        part = slice(first, first + _USERS_AT_ONCE)
        weights = poisson_weights(keys[part], resamples, seed)
        sums[:, 0] += weights.sum(axis=1)
        sums[:, 1:] += weights @ differences[part]
    return sums


def poisson_weights(keys: NDArray[np.int64], resamples: int, seed: int) -> Floats:
    """Whole numbers from Poisson(1) for each key in each resample, always the same ones: float64[resamples, n].

    SplitMix64 (Steele, Lea and Flood 2014), a generator for each key, and the inverse of the distribution function.
    """
    draws = random_bits(keys, resamples, seed)
    return np.searchsorted(_POISSON_BOUNDS, draws, side="right").astype(np.float64)


def random_bits(keys: NDArray[np.int64], draws: int, seed: int) -> NDArray[np.uint64]:
    """64 bits for each key in each draw, always the same ones: uint64[draws, n]."""
    state = _mixed(keys.astype(np.uint64) ^ _mixed(np.array([seed], np.uint64) + _GOLDEN))
    steps = np.arange(1, draws + 1, dtype=np.uint64)[:, None] * _GOLDEN
    return _mixed(state[None, :] + steps)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """In place, as whole matrices of these would not fit into a cache."""
    first, second = _MULTIPLIERS
    shifted = values >> np.uint64(30)
    values ^= shifted
    values *= first
    values ^= np.right_shift(values, np.uint64(27), out=shifted)
    values *= second
    values ^= np.right_shift(values, np.uint64(31), out=shifted)
    return values


def _poisson_bounds() -> NDArray[np.uint64]:
    """The distribution function of Poisson(1) at 0, 1, 2, …, as parts of 2^64, up to what 2^64 can tell from 1."""
    below, term, bounds = 0.0, math.exp(-1), []
    for number in range(20):
        below += term
        term /= number + 1
        bounds.append(min(int(below * 2.0**64), 2**64 - 1))
    return np.array(bounds, np.uint64)


_POISSON_BOUNDS = _poisson_bounds()


def _sum_partition(
    names: list[str], resamples: int, seed: int, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    sums = np.zeros((resamples, 1 + len(names)))
    for batch in batches:
        differences = np.stack([batch[name].to_numpy() for name in names], axis=1)
        sums += resample_sums(batch["key"].to_numpy(), differences, resamples, seed)
    columns = dict(zip(("weight", *names), sums.T, strict=True))
    yield pa.RecordBatch.from_pydict({"resample": pa.array(np.arange(resamples, dtype=np.int32)), **columns})


def _moments(differences: Floats) -> _Moments:
    deviations = differences - differences.mean()
    scale = float((deviations**2).mean()) ** 1.5  # 0 also where differences are too small to be told apart
    skewness = float((deviations**3).mean()) / scale if scale else 0.0
    return _Moments(len(differences), float(differences.mean()), skewness)


def _interval(moments: _Moments, weights: Floats, sums: Floats, method: Method) -> PairedInterval:
    if moments.users < 2:
        return PairedInterval(moments.mean, None, None, moments.users)
    drawn = weights > 0  # of a handful of users a resample may hold none
    means = sums[drawn] / weights[drawn]
    levels = [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2]
    if method == "bca":
        levels = [_corrected(level, means, moments) for level in levels]
    low, high = np.quantile(means, levels)
    return PairedInterval(moments.mean, float(low), float(high), moments.users)


def _corrected(level: float, means: Floats, moments: _Moments) -> float:
    """Which quantile of the resampled means is the bound at `level`: Efron's (1987) formula 2.3.

    The acceleration of a mean is a sixth of the skewness of the mean itself.
    """
    below = (means < moments.mean).mean() + (means == moments.mean).mean() / 2
    edge = 1 / (len(means) + 1)
    bias = _NORMAL.inv_cdf(min(max(float(below), edge), 1 - edge))
    acceleration = moments.skewness / (6 * math.sqrt(moments.users))
    shifted = bias + _NORMAL.inv_cdf(level)
    return _NORMAL.cdf(bias + shifted / max(1 - acceleration * shifted, edge))


def _rounded(interval: PairedInterval) -> PairedInterval:
    """Below these decimals the order in which a cluster adds numbers would show."""
    low, high = (None if bound is None else round(bound, DECIMALS) for bound in (interval.low, interval.high))
    return PairedInterval(round(interval.difference, DECIMALS), low, high, interval.users)
