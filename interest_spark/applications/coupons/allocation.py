"""Which of several coupons each customer gets, if any, so that the expected increment is most within a budget.

This is the multiple-choice knapsack problem: at most one coupon a customer, each with its cost and its increment. Of
each customer only the coupons on the upper hull of (cost, increment) matter, and giving out further steps along these
hulls by increment a cost until the budget is spent solves the linear relaxation (Sinha and Zoltners 1979, Operations
Research 27). All steps that are worth at least a `price` are given: the price is the Lagrangian multiplier of the
budget, so that no allocation has more than the increment given plus price times what is left of the budget.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NONE = -1
"""Stands for no coupon."""

TIE = 1e-6
"""Trees say the same of many customers. So large a part of a prediction depends on the customer's hash alone, so that
a budget can end among equal ones."""


@dataclass(frozen=True)
class Steps:
    """The hull of each customer as steps, by falling worth: `worth` is increment a cost, `cost` and `gain` are what the
    step adds, `coupon` is what the customer has after it: [n, c] each. Where there is no further step, `worth` is
    -inf and the others are 0, or NONE.
    """

    worth: Floats
    cost: Floats
    gain: Floats
    coupon: NDArray[np.int64]

    def chosen(self, price: float) -> NDArray[np.int64]:
        """The coupon that each customer gets at a price, or NONE: int64[n]."""
        steps = (self.worth >= price).sum(axis=1)
        last = np.take_along_axis(self.coupon, np.maximum(steps - 1, 0)[:, None], axis=1)[:, 0]
        return np.where(steps > 0, last, NONE)


def steps_of(uplift: Floats, costs: Floats, tie: Floats) -> Steps:
    """The steps that are worth anything. uplift: float64[n, c]. costs: float64[c], above 0. tie: float64[n], 0 … 1."""
    customers, coupons = uplift.shape
    gains = uplift * (1 + TIE * tie[:, None])
    worth = np.full((customers, coupons), -np.inf)
    cost, gain = np.zeros((2, customers, coupons))
    coupon = np.full((customers, coupons), NONE)
    row = np.arange(customers)
    spent, reached = np.zeros(customers), np.zeros(customers)
    for step in range(coupons):
        further = costs[None, :] - spent[:, None]
        more = gains - reached[:, None]
        slope = np.divide(more, further, out=np.full(more.shape, -np.inf), where=(further > 0) & (more > 0))
        # Of equally worthy steps the longest one: the others lie on it.
        best = np.where(slope == slope.max(axis=1, keepdims=True), costs[None, :], -1.0).argmax(axis=1)
        there = slope[row, best] > 0
        worth[there, step] = slope[row, best][there]
        cost[there, step], gain[there, step] = further[row, best][there], more[row, best][there]
        coupon[there, step] = best[there]
        spent, reached = spent + cost[:, step], reached + gain[:, step]
    return Steps(worth, cost, gain, coupon)


@dataclass(frozen=True)
class Demand:
    """What steps cost and gain, by the place of their worth between `edges`, float64[m + 1] and ascending.

    `cost` and `gain` are float64[m + 1]: of steps worth from each edge to the next; the last has all above. Those of
    several parts of the customers add up.
    """

    edges: Floats
    cost: Floats
    gain: Floats

    @classmethod
    def of(cls, steps: Steps, edges: Floats) -> "Demand":
        place = np.searchsorted(edges, steps.worth.ravel(), side="right") - 1
        within = place >= 0
        cost, gain = (
            np.bincount(place[within], each.ravel()[within], minlength=len(edges)).astype(np.float64)
            for each in (steps.cost, steps.gain)
        )
        return cls(edges, cost, gain)

    def __add__(self, other: "Demand") -> "Demand":
        return Demand(self.edges, self.cost + other.cost, self.gain + other.gain)

    def above(self) -> tuple[Floats, Floats]:
        """Cost and gain of all steps that are worth at least each edge."""
        return np.cumsum(self.cost[::-1])[::-1], np.cumsum(self.gain[::-1])[::-1]


@dataclass(frozen=True)
class Price:
    """What a step must be worth at least, and the `cost` and the predicted `gain` of all that are.

    `bound`: no allocation within the budget has a larger predicted gain.
    """

    price: float
    cost: float
    gain: float
    bound: float


def first_edges(least: float) -> Floats:
    """Where the search begins: prices from `least` on, each a little above the last."""
    return least * np.geomspace(1.0, 1e9, 4_096)


def narrowed(demand: Demand, budget: float) -> tuple[Price, Floats | None]:
    """The lowest price among the edges at which the budget suffices, and closer edges around it.

    No edges where nothing is left to find: all that is worth the lowest one fits in, or they cannot be closer.
    """
    cost, gain = demand.above()
    place = int(np.argmax(cost <= budget)) if (cost <= budget).any() else len(cost)
    if place == len(cost):  # even what is worth the highest price is too much
        top = float(demand.edges[-1])
        return Price(top * 1e9, 0.0, 0.0, float(gain[-1])), np.geomspace(top, top * 1e9, len(demand.edges))
    price = float(demand.edges[place])
    left = price * (budget - float(cost[place]))
    found = Price(price, float(cost[place]), float(gain[place]), float(gain[place]) + left)
    if place == 0:
        return found, None
    low, high = demand.edges[place - 1], demand.edges[place]
    closer = np.linspace(low, high, len(demand.edges))
    return found, closer if np.nextafter(low, high) < high else None
