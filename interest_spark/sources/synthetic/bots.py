"""Machines among the users, of three kinds, each beyond what people do in a way of its own."""

import numpy as np

from interest_spark.sources.synthetic.catalogue import Catalogue
from interest_spark.sources.synthetic.plan import DAY_MS, Ints, ShopPlan
from interest_spark.sources.synthetic.shoppers import Shoppers
from interest_spark.sources.synthetic.visits import CART, FAVORITE, NO_QUERY, VIEW, Events, Sessions

_WORKING_DAYS = np.array([1, 3, 3])  # of each kind, from the day it joins
_HOUR_MS = 3_600_000


def bot_visits(plan: ShopPlan, shoppers: Shoppers, catalogue: Catalogue, day: int) -> tuple[Sessions, Events]:
    """What machines do on `day`: one session each, with hundreds of views."""
    rng = plan.rng("bots", day)
    bots = shoppers.bots
    age = day - shoppers.joined[bots]
    working = bots[(age >= 0) & (age < _WORKING_DAYS[shoppers.bot_kind[bots]])]
    times = [_TIMETABLES[shoppers.bot_kind[bot]](rng) for bot in working.tolist()]
    length = np.array([time.size for time in times], dtype=np.int64)
    session = np.repeat(np.arange(working.size), length)
    in_day = np.concatenate([*times, np.empty(0, dtype=np.int64)])
    nothing = np.zeros(session.size, dtype=np.int64)
    behavior = rng.choice([VIEW, FAVORITE, CART], session.size, p=[0.94, 0.04, 0.02])
    events = Events(
        session,
        rng.choice(catalogue.on_sale(day), session.size),
        behavior,
        plan.day_start_ms(day) + in_day,
        (behavior == CART).astype(np.int64),
        nothing + NO_QUERY,
    )
    start = plan.day_start_ms(day) + np.array([time[0] for time in times], dtype=np.int64)
    return Sessions(working, start, length, working * 0, working * 0), events


def _high_volume(rng: np.random.Generator) -> Ints:
    """600 to 900 events at random moments of 10 hours."""
    begin = rng.integers(0, DAY_MS - 10 * _HOUR_MS)
    return np.unique(begin + rng.integers(0, 10 * _HOUR_MS, rng.integers(600, 900)))


def _steady_rhythm(rng: np.random.Generator) -> Ints:
    """90 to 200 events, one gap after the other the same within 2 %."""
    count, gap = int(rng.integers(90, 200)), rng.uniform(20_000, 90_000)
    gaps = gap * (1.0 + 0.02 * np.clip(rng.standard_normal(count), -3, 3))
    return (rng.integers(0, 10 * _HOUR_MS) + np.cumsum(gaps)).astype(np.int64)


def _round_the_clock(rng: np.random.Generator) -> Ints:
    """Three to five events at random moments of every hour of the day."""
    hour = np.repeat(np.arange(24), rng.integers(3, 6, 24))
    return np.unique(hour * _HOUR_MS + rng.integers(0, _HOUR_MS, hour.size))


_TIMETABLES = (_high_volume, _steady_rhythm, _round_the_clock)
