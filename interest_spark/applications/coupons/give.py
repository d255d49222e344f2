"""Who gets which coupon: all customers scored and the budget spent in tasks, a file of features in each.

What the driver gets of a task are sums by price, and in the end the path of a file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from interest_spark.applications.addressees import Addressees
from interest_spark.applications.coupons.allocation import (
    NONE,
    Demand,
    Floats,
    Price,
    Steps,
    first_edges,
    narrowed,
    steps_of,
)
from interest_spark.applications.coupons.fit import Fitted
from interest_spark.applications.coupons.trials import COLUMNS
from interest_spark.applications.keys import shares, user_keys
from interest_spark.features.customers.features import FEATURE_TABLE
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.parts import read_table_pieces, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COUPONS = "coupons"
_MOST_ROUNDS = 6


@dataclass(frozen=True)
class Giving:
    """Models, what each of their coupons costs, the day's `files` of features, and who of these may be addressed.

    `salt` tells whose turn it is among customers of whom the models say the same.
    """

    fitted: Fitted
    costs: Floats
    files: tuple[str, ...]
    addressees: Addressees
    day: str
    salt: str

    def scored(self, file: str) -> Iterator[tuple[pl.Series, Floats, Steps]]:
        """Users, their uplifts and steps, piece by piece."""
        for rows in map(self.addressees.among, read_table_pieces(file, FEATURE_TABLE, ["user_id", *COLUMNS])):
            features = rows.select(pl.col(name).cast(pl.Float32) for name in COLUMNS).to_numpy()
            uplift = self.fitted.predict(features)
            tie = shares(user_keys(rows["user_id"], self.salt))
            yield rows["user_id"], uplift, steps_of(uplift, self.costs, tie)

    def demand(self, edges: Floats, file: str) -> Iterator[Demand]:
        """What the file's customers cost and gain by price."""
        none = np.zeros(len(edges))
        found = Demand(edges, none, none)
        for _, _, steps in self.scored(file):
            found += Demand.of(steps, edges)
        yield found

    def count(self, price: float, file: str) -> Iterator[list[tuple[int, float]]]:
        """Of each coupon how many get it, and the predicted increments."""
        found = [(0, 0.0)] * len(self.costs)
        for _, uplift, steps in self.scored(file):
            chosen = steps.chosen(price)
            for place in range(len(self.costs)):
                own = uplift[chosen == place, place]
                found[place] = (found[place][0] + len(own), found[place][1] + float(own.sum()))
        yield found

    def write(self, price: float, folder: str, file: str) -> Iterator[str]:
        """Writes who gets which; gives the path, if anybody does."""
        parts, names = [], list(self.fitted.models)
        for users, uplift, steps in self.scored(file):
            chosen = steps.chosen(price)
            given = np.flatnonzero(chosen != NONE)
            which = chosen[given]
            parts.append(
                pl.DataFrame(
                    {
                        "user_id": users.gather(given),
                        "coupon": pl.Series([names[place] for place in which], dtype=pl.String),
                        "increment": uplift[given, which],
                        "cost": self.costs[which],
                    }
                )
            )
        rows = pl.concat(parts) if parts else pl.DataFrame()
        if len(rows):
            yield write_part(folder, COUPONS, self.day, rows.to_arrow().cast(TABLES[COUPONS]), self.files.index(file))


def find_price(spark: "SparkSession", giving: Giving, budget: float, least: float) -> Price:
    """The lowest price at which the budget suffices, as closely as it makes a difference of one coupon."""
    edges: Floats | None = first_edges(least)
    cheapest = float(giving.costs.min())
    for _ in range(_MOST_ROUNDS):
        assert edges is not None
        parts = each_in_a_task(spark, giving.files, partial(giving.demand, edges))
        none = Demand(edges, np.zeros(len(edges)), np.zeros(len(edges)))
        found, edges = narrowed(sum(parts, none), budget)
        if edges is None or 0 <= budget - found.cost < cheapest:
            break
    return found


def count_given(spark: "SparkSession", giving: Giving, price: float) -> list[tuple[int, float]]:
    """Of each coupon, in the order of the models, how many customers get it, and their predicted increments."""
    parts = each_in_a_task(spark, giving.files, partial(giving.count, price))
    return [(sum(part[c][0] for part in parts), sum(part[c][1] for part in parts)) for c in range(len(giving.costs))]


def write_given(spark: "SparkSession", giving: Giving, price: float, folder: str) -> Sequence[str]:
    """Write `coupons`; returns the paths."""
    return each_in_a_task(spark, giving.files, partial(giving.write, price, folder))
