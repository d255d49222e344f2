"""Coupons within a budget: against the best allocation of all, found by trying every one, and by its own bound."""

from itertools import product

import numpy as np
import pytest

from interest_spark.applications.coupons.allocation import NONE, Demand, Price, first_edges, narrowed, steps_of

LEAST = 0.5


def spend(uplift: np.ndarray, costs: np.ndarray, budget: float, parts: int = 1) -> tuple[Price, np.ndarray]:
    """As tasks do it, the customers in so many parts; the price, and who gets what."""
    tie = np.random.default_rng(0).random(len(uplift))
    pieces = np.array_split(np.arange(len(uplift)), parts)
    edges = first_edges(LEAST)
    for _ in range(8):
        demands = [Demand.of(steps_of(uplift[each], costs, tie[each]), edges) for each in pieces]
        price, closer = narrowed(sum(demands[1:], demands[0]), budget)
        if closer is None:
            break
        edges = closer
    return price, steps_of(uplift, costs, tie).chosen(price.price)


def value(chosen: np.ndarray, uplift: np.ndarray, costs: np.ndarray) -> tuple[float, float]:
    given = np.flatnonzero(chosen != NONE)
    return float(costs[chosen[given]].sum()), float(uplift[given, chosen[given]].sum())


def best(uplift: np.ndarray, costs: np.ndarray, budget: float) -> float:
    """The largest increment of all allocations within the budget."""
    found = 0.0
    for arms in product(range(-1, len(costs)), repeat=len(uplift)):
        chosen = np.array(arms)
        cost, gain = value(chosen, uplift, costs)
        if cost <= budget:
            found = max(found, gain)
    return found


@pytest.mark.parametrize("seed", range(30))
def test_no_allocation_beats_the_bound_and_the_gap_is_less_than_one_coupon(seed: int) -> None:
    rng = np.random.default_rng(seed)
    uplift = rng.normal(1.0, 1.5, (5, 3))
    costs = np.array([0.5, 1.0, 2.0])
    budget = float(rng.uniform(0.5, 6))
    price, chosen = spend(uplift, costs, budget)
    cost, gain = value(chosen, uplift, costs)
    most = best(uplift, costs, budget)
    assert cost <= budget
    assert (cost, gain) == pytest.approx((price.cost, price.gain), rel=1e-5)
    assert gain <= most + 1e-9
    assert price.bound * (1 + 1e-5) >= most
    assert price.bound - gain <= price.price * (costs.max() if price.price > LEAST else budget) + 1e-5


def test_a_budget_for_everybody_gives_each_the_best_that_is_worth_it() -> None:
    uplift = np.array([[3.0, 4.0], [0.2, 0.1], [-1.0, 5.0], [1.0, 1.2]])
    price, chosen = spend(uplift, np.array([1.0, 2.0]), 100.0)
    assert chosen.tolist() == [1, NONE, 1, 0]  # of the last one, the dearer coupon's step is worth .2
    assert price.price == LEAST
    assert price.gain == pytest.approx(10.0, rel=1e-5)


def test_equal_customers_do_not_keep_a_budget_from_being_spent() -> None:
    uplift = np.full((10_000, 1), 2.0)
    price, chosen = spend(uplift, np.array([1.0]), 3_000.0)
    assert (chosen == 0).sum() == 3_000
    assert price.bound == pytest.approx(6_000, rel=1e-5)


def test_parts_of_the_customers_give_the_same_as_all_at_once() -> None:
    uplift = np.random.default_rng(4).normal(1, 2, (3_000, 3))
    costs = np.array([1.0, 1.0, 3.0])
    whole, parted = spend(uplift, costs, 500.0), spend(uplift, costs, 500.0, parts=7)
    assert np.array_equal(whole[1], parted[1])
    assert value(whole[1], uplift, costs)[0] == pytest.approx(500, abs=1)


def test_a_budget_below_the_cheapest_coupon_gives_none() -> None:
    _, chosen = spend(np.full((10, 1), 5.0), np.array([2.0]), 1.0)
    assert (chosen == NONE).all()


def test_coupons_that_bring_less_than_nothing_are_not_given() -> None:
    _, chosen = spend(np.full((10, 2), -0.1), np.array([1.0, 2.0]), 100.0)
    assert (chosen == NONE).all()
