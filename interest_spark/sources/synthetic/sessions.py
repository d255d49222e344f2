"""Who comes to the shop on a day, when, for how long, on which device; and whose logs arrive late."""

import numpy as np

from interest_spark.sources.synthetic.plan import Ints, ShopPlan
from interest_spark.sources.synthetic.seasons import start_times, traffic
from interest_spark.sources.synthetic.shoppers import Shoppers
from interest_spark.sources.synthetic.visits import Sessions

MAX_LATE_DAYS = 5
_LATE_SHARE = 0.015  # of the sessions
_LATE_DAYS_SHARES = (0.45, 0.22, 0.15, 0.1, 0.08)  # 1 to 5 days
_MEAN_LENGTH, _KEEN_LENGTH, _LONGEST = 6.0, 13.0, 28  # events
_MOST_VISITS, _MOST_KEEN_VISITS = 3, 6  # a day: people stay below 200 events and 14 active hours
_KEEN_DAYS = 0.7


def plan_sessions(plan: ShopPlan, shoppers: Shoppers, day: int) -> Sessions:
    """The sessions people begin on `day`, the longest first."""
    rng = plan.rng("sessions", day)
    user = np.repeat(np.arange(plan.users), _count_visits(plan, shoppers, day, rng))
    start = plan.day_start_ms(day) + start_times(shoppers.hours_ahead[user], rng)
    mean = np.where(shoppers.keen[user], _KEEN_LENGTH, _MEAN_LENGTH)
    length = np.minimum(rng.geometric(1.0 / mean), _LONGEST)
    device = rng.integers(0, shoppers.devices[user])
    # Keen people stay online; so late deliveries cannot pile up on top of their busy days.
    late = (rng.random(user.size) < _LATE_SHARE) & ~shoppers.keen[user]
    days_late = np.where(late, rng.choice(MAX_LATE_DAYS, user.size, p=_LATE_DAYS_SHARES) + 1, 0)
    order = np.argsort(-length, kind="stable")
    return Sessions(user[order], start[order], length[order], device[order], days_late[order])


def _count_visits(plan: ShopPlan, shoppers: Shoppers, day: int, rng: np.random.Generator) -> Ints:
    visits = np.minimum(rng.poisson(shoppers.visit_rate * traffic(plan.day(day))), _MOST_VISITS)
    keen_visits = np.minimum(1 + rng.poisson(3.5, plan.users), _MOST_KEEN_VISITS)
    visits = np.where(shoppers.keen, keen_visits * (rng.random(plan.users) < _KEEN_DAYS), visits)
    if day > 0:
        visits = np.where(shoppers.joined == day, np.maximum(visits, 1), visits)
    visits[: shoppers.regulars] = np.maximum(visits[: shoppers.regulars], 1)
    visits[shoppers.bots] = 0
    return np.where(shoppers.joined <= day, visits, 0)
