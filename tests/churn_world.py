"""Shops whose churners are known: events to features of cut-off days, committed as the job `profiles` commits them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from interest_spark.applications.churn.bgnbd import Purchases
from interest_spark.applications.churn.labels import Target
from interest_spark.features.customers.carried import DAYS
from interest_spark.features.customers.features import FEATURE_TABLE, features_of
from interest_spark.storage.buckets import Bucket, bucket_number
from interest_spark.storage.commit import commit, stage_files
from interest_spark.storage.layout import Slice
from interest_spark.storage.parts import write_part
from interest_spark.storage.run_record import EVERY_DAY, MadeFrom, RunRecord
from interest_spark.storage.warehouse import Warehouse
from tests.customer_world import NOTHING, SCHEMA, State, carry

FIRST = date(2026, 1, 1)
BUCKETS = 3
_DAY_US = 86_400_000_000
_ITEMS, _CATEGORIES = 60, 6
_BEFORE_ALL = date(1990, 1, 1)
CATALOGUE = pl.DataFrame(
    {
        "item_id": [f"i{number}" for number in range(_ITEMS)],
        "category": [f"c{number % _CATEGORIES}" for number in range(_ITEMS)],
        "brand": [f"b{number % 5}" for number in range(_ITEMS)],
        "price_level": [("1 lowest", "3 middle", "5 highest")[number % 3] for number in range(_ITEMS)],
    }
)


@dataclass(frozen=True)
class ChurnShop:
    """Events with the columns of `customer_world.SCHEMA`, the items' catalogue, and how many days are carried."""

    events: pl.DataFrame
    catalogue: pl.DataFrame = field(default_factory=lambda: CATALOGUE)
    window_days: int = 180

    @cached_property
    def _state(self) -> State:
        """What is carried of all days: counts by day of the event, so that those of any window are a part of them."""
        return carry(NOTHING, [self.events], self.catalogue, _BEFORE_ALL)

    def state(self, day: date, window_days: int | None = None) -> State:
        """Rows of `customer_days` and `customer_interests` as of the day."""
        first = day - timedelta(window_days or self.window_days)
        within = (pl.col("event_day") <= day) & (pl.col("event_day") > first)
        days, interests = (each.filter(within) for each in self._state)
        return days, interests

    def features(self, day: date) -> pl.DataFrame:
        """Rows of `customer_features`."""
        return pl.DataFrame(features_of(*self.state(day), day, self.window_days))

    def put(self, warehouse: Warehouse, features: Sequence[date], day: date) -> None:
        """Commits the features of days, and what is carried as of the last of them."""
        for each in features:
            put_buckets(warehouse, FEATURE_TABLE, each, self.features(each))
        put_buckets(warehouse, DAYS, day, self.state(day)[0])


def put_buckets(warehouse: Warehouse, table: str, day: date, rows: pl.DataFrame, buckets: int = BUCKETS) -> None:
    """Commits rows of a day as files of buckets."""
    base = warehouse.open(table)
    run_id = f"made-{table}-{day}-{base.version + 1}"
    folder = str(base.folder / f"run-{run_id}")
    number = rows.select(bucket_number("user_id", buckets).alias("bucket"))["bucket"]
    files = [
        write_part(folder, table, day.isoformat(), rows.filter(number == each).to_arrow(), Bucket(each, buckets))
        for each in range(buckets)
    ]
    record = RunRecord(run_id, {EVERY_DAY: MadeFrom("test", 1, {"run": run_id})}, {})
    commit(stage_files(base, files, [Slice(day.isoformat())], record), base)


def planted(users: int, days: int, seed: int, leave: float = 0.5) -> tuple[ChurnShop, Mapping[str, date | None]]:
    """A shop, and the day that each of its users leaves on, if ever.

    Everybody visits at a rate of their own and buys on every second visit or so. Who leaves looks around less and less
    in the four weeks before and puts nothing more into the cart, while purchases go on for a while.
    """
    rng = np.random.default_rng(seed)
    rate = 0.25 + rng.gamma(3.0, 0.12, users)
    leaves = np.where(rng.random(users) < leave, rng.integers(20, days + 60, users), 10 * days)
    day = np.arange(days)[None, :]
    fading = np.clip((leaves[:, None] - day) / 28, 0, 1)
    began = rng.integers(0, 30, users)[:, None] <= day
    visits = rng.poisson(rate[:, None] * np.sqrt(fading) * began)
    who, when = (np.repeat(each, visits[visits > 0]) for each in np.nonzero(visits))
    strength = fading[who, when]
    views = rng.poisson(1 + 3 * strength)
    carts = rng.random(len(who)) < 0.5 * strength
    buys = rng.random(len(who)) < 0.5
    parts = [
        _rows(rng, np.repeat(who, views), np.repeat(when, views), "view"),
        _rows(rng, who[carts], when[carts], "cart"),
        _rows(rng, who[buys], when[buys], "purchase"),
    ]
    events = pl.concat(parts).sort("event_time", "user_id", "behavior", "item_id").select(*SCHEMA)
    left = {
        f"u{number:05d}": FIRST + timedelta(int(each)) if each < 10 * days else None
        for number, each in enumerate(leaves)
    }
    return ChurnShop(events), left


def _rows(rng: np.random.Generator, who: np.ndarray, when: np.ndarray, behavior: str) -> pl.DataFrame:
    start = (FIRST - date(1970, 1, 1)).days
    item = (who * 7 + rng.integers(0, 9, len(who))) % _ITEMS
    time = (start + when) * _DAY_US + rng.integers(8 * 3600, 22 * 3600, len(who)) * 1_000_000
    rows: dict[str, Any] = {
        "user_id": [f"u{number:05d}" for number in who],
        "item_id": [f"i{number}" for number in item],
        "behavior": [behavior] * len(who),
        "event_time": pl.Series(time).cast(pl.Datetime("us", "UTC")),
        "quantity": pl.Series([1.0] * len(who), dtype=pl.Float64),
        "price": pl.Series(5.0 + item % 11, dtype=pl.Float64),
        "platform": pl.Series(np.where(who % 2, "app", "web"), dtype=pl.String),
    }
    return pl.DataFrame(rows, schema=SCHEMA)


def days_for(last: date, label_days: int, cutoffs: int, apart: int) -> list[date]:
    """The days whose features a model of the `last` day is made from, and that day."""
    judging = last - timedelta(label_days)
    return [*(judging - timedelta(label_days + place * apart) for place in reversed(range(cutoffs))), judging, last]


def whole_histories(shop: ChurnShop, day: date, users: pl.Series, target: Target) -> Purchases:
    """Repeat target days of these users, in their order, since the first one of all."""
    days = shop.state(day, (day - _BEFORE_ALL).days)[0].filter(pl.col(target.column) > 0)
    first, last = pl.col("event_day").min(), pl.col("event_day").max()
    found = days.group_by("user_id").agg(
        x=pl.len() - 1.0, t_x=(last - first).dt.total_days(), T=(pl.lit(day) - first).dt.total_days()
    )
    own = users.to_frame().join(found, on="user_id", how="left", maintain_order="left")
    return Purchases(*(own[name].cast(pl.Float64).to_numpy() for name in ("x", "t_x", "T")))
