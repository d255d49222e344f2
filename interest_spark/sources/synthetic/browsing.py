"""What people do in a session: which item they look at next, and what they do with it.

The next item depends on the present one (mostly the same brand's next popular item), on the user's
interests and on popularity; a view leads to a cart or a favorite, a cart to a purchase, a purchase to
the complementary category. A sequence model can learn this; popularity alone cannot.
"""

import numpy as np

from interest_spark.sources.synthetic.catalogue import Catalogue
from interest_spark.sources.synthetic.interests import Interests
from interest_spark.sources.synthetic.plan import Bools, Ints, ShopPlan
from interest_spark.sources.synthetic.seasons import category_season
from interest_spark.sources.synthetic.visits import CART, NO_QUERY, PURCHASE, VIEW, Events, Sessions, concatenate

# From the last behavior (row) to the next: view of another item, or cart, favorite, purchase of the same.
_FUNNEL = np.cumsum(
    [[0.86, 0.09, 0.05, 0.00], [0.62, 0.00, 0.03, 0.35], [0.85, 0.15, 0.00, 0.00], [1.00, 0.00, 0.00, 0.00]], axis=1
)
_SUCCESSOR, _SAME_CATEGORY = 0.55, 0.13
_COMPLEMENT, _COMPLEMENT_AFTER_PURCHASE = 0.02, 0.30
_WHICH_SUCCESSOR = np.cumsum([0.6, 0.25])
_RESUME = 0.35  # of the sessions go on where the user's last one ended
_SEARCHED = 0.35  # of the fresh starts come from a search
_MEDIAN_GAP_MS, _GAP_SPREAD, _LONGEST_GAP_MS = 30_000, 1.0, 600_000


class Browsing:
    """People's behavior from day to day; remembers where each user left off."""

    def __init__(self, plan: ShopPlan, catalogue: Catalogue, interests: Interests) -> None:
        self._plan, self._catalogue, self._interests = plan, catalogue, interests
        self._left_off = np.full(plan.users, -1, dtype=np.int64)

    def events(self, sessions: Sessions, day: int) -> Events:
        """All events of the sessions begun on `day`, which must be sorted longest first."""
        steps = _DaySteps(self._catalogue, self._interests, sessions.user, self._plan, day)
        steps.enter(self._left_off[sessions.user])
        parts, time = [], sessions.start.copy()
        for step in range(int(sessions.length.max(initial=0))):
            going = int(np.searchsorted(-sessions.length, -step, side="left"))
            if step:
                steps.advance(going)
                time[:going] += _gaps(going, steps.rng)
            parts.append(steps.snapshot(going, time))
        self._left_off[sessions.user[np.argsort(time, kind="stable")]] = steps.item[np.argsort(time, kind="stable")]
        return concatenate(parts)


class _DaySteps:
    """Where each session of a day stands; arrays (sessions,), of which the first `going` move on together."""

    def __init__(self, catalogue: Catalogue, interests: Interests, user: Ints, plan: ShopPlan, day: int) -> None:
        self.rng = plan.rng("browsing", day)
        self._catalogue, self._interests, self._user, self._day = catalogue, interests, user, day
        self._season = category_season(plan.day(day), catalogue.categories)
        self.item = np.zeros(user.size, dtype=np.int64)
        self._behavior = np.full(user.size, VIEW, dtype=np.int64)
        self._quantity = np.zeros(user.size, dtype=np.int64)
        self._query = np.full(user.size, NO_QUERY, dtype=np.int64)
        self._strayed = np.zeros(user.size, dtype=np.bool_)  # for one item, into the complementary category

    def enter(self, left_off: Ints) -> None:
        """Choose each session's first item: by interest, or from where the user left off (-1: nowhere)."""
        everyone = np.arange(self._user.size)
        self._start_afresh(everyone)
        known = np.flatnonzero((left_off >= 0) & (self.rng.random(self._user.size) < _RESUME))
        liked = self._interests.likes(self._user[known], self._catalogue.category[left_off[known]])
        resumed = known[liked]
        self.item[resumed] = left_off[resumed]
        self._query[resumed] = NO_QUERY
        self._follow(resumed)

    def advance(self, going: int) -> None:
        """Take the first `going` sessions one event further."""
        last = self._behavior[:going].copy()
        now = (_FUNNEL[last] <= self.rng.random(going)[:, None]).sum(axis=1)
        self._behavior[:going] = now
        self._query[:going] = NO_QUERY
        self._buy(np.flatnonzero(now == CART), np.flatnonzero((now != CART) & (now != PURCHASE)))
        self._move(np.flatnonzero(now == VIEW), last)

    def snapshot(self, going: int, time: Ints) -> Events:
        """The present event of the first `going` sessions."""
        columns = (self.item, self._behavior, time, self._quantity, self._query)
        return Events(np.arange(going), *(column[:going].copy() for column in columns))

    def _buy(self, carted: Ints, others: Ints) -> None:
        self._quantity[others] = 0
        self._quantity[carted] = np.minimum(self.rng.geometric(0.75, carted.size), 5)

    def _move(self, moving: Ints, last: Ints) -> None:
        after_purchase = last[moving] == PURCHASE
        complement = np.where(after_purchase, _COMPLEMENT_AFTER_PURCHASE, _COMPLEMENT)
        point = self.rng.random(moving.size)
        home = ~self._strayed[moving]
        follows = home & (point < _SUCCESSOR)
        stays = home & ~follows & (point < _SUCCESSOR + _SAME_CATEGORY)
        strays = home & ~follows & ~stays & (point < _SUCCESSOR + _SAME_CATEGORY + complement)
        self._strayed[moving] = strays
        category = self._catalogue.category[self.item[moving]]
        self._follow(moving[follows])
        self._show_popular(moving[stays], category[stays])
        self._show_popular(moving[strays], self._catalogue.complement[category[strays]])
        self._start_afresh(moving[~(follows | stays | strays)])

    def _follow(self, who: Ints) -> None:
        which = np.searchsorted(_WHICH_SUCCESSOR, self.rng.random(who.size), side="right")
        successor = self._catalogue.successors[self.item[who], which]
        sold: Bools = self._catalogue.launch[successor] <= self._day
        self._show_popular(who[~sold], self._catalogue.category[self.item[who[~sold]]])
        self.item[who[sold]] = successor[sold]

    def _start_afresh(self, who: Ints) -> None:
        category = self._interests.draw(self._user[who], self._season, self.rng)
        self._show_popular(who, category)
        each = self._catalogue.queries_per_category
        query = category * each + self.rng.integers(0, each, who.size)
        self._query[who] = np.where(self.rng.random(who.size) < _SEARCHED, query, NO_QUERY)

    def _show_popular(self, who: Ints, category: Ints) -> None:
        self.item[who] = self._catalogue.draw(category, self.rng)


def _gaps(count: int, rng: np.random.Generator) -> Ints:
    gaps = _MEDIAN_GAP_MS * np.exp(_GAP_SPREAD * rng.standard_normal(count))
    return np.clip(gaps, 1_000, _LONGEST_GAP_MS).astype(np.int64)
