"""Campaigns whose coupons chance gave, and what they bring: purchases that nobody would have made without them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.sources.synthetic.catalogue import Catalogue
from interest_spark.sources.synthetic.folder import ShopDraft
from interest_spark.sources.synthetic.interests import Interests
from interest_spark.sources.synthetic.plan import DAY_MS, Floats, Ints, ShopPlan
from interest_spark.sources.synthetic.shoppers import Shoppers
from interest_spark.sources.synthetic.visits import NO_QUERY, PURCHASE, Events, Sessions

ARMS = ("ten_off", "free_shipping", "control")
_ODDS = (0.3, 0.3, 0.4)
_SENT_AT_MS = 8 * 3_600_000
_LATEST = 3  # days from the coupon to the purchase that it brings
_FREQUENT, _SELDOM, _OTHERS = 0.6, 0.3, 0.02  # chances that a coupon brings a purchase
_PART = 0.35  # of the people come often, and as many seldom

COUPON_EFFECTS = pa.schema([("user_id", pa.string()), ("coupon", pa.string()), ("chance", pa.float64())])


class Campaigns:
    """Every `plan.campaigns` days all who have joined are in one. Ten off brings those back who come often, free
    shipping those who come seldom, and each hardly anybody else.
    """

    def __init__(self, plan: ShopPlan, shoppers: Shoppers, catalogue: Catalogue, interests: Interests) -> None:
        self._plan, self._shoppers, self._catalogue, self._interests = plan, shoppers, catalogue, interests
        rate = shoppers.visit_rate
        seldom, often = np.quantile(rate[shoppers.people], [_PART, 1 - _PART])
        by_coupon = [np.where(rate > often, _FREQUENT, _OTHERS), np.where(rate < seldom, _SELDOM, _OTHERS)]
        self._chance = np.stack(by_coupon, axis=1)
        self._coming: dict[int, list[Ints]] = {}

    def write_truth(self, draft: ShopDraft) -> None:
        """The chance that a coupon brings a purchase of each person."""
        people, name = self._shoppers.people, "truth/coupon_effects.parquet"
        columns = {
            "user_id": np.repeat(self._shoppers.ids.text[people], 2),
            "coupon": np.tile(np.array(ARMS[:2], dtype=object), people.size),
            "chance": self._chance[people].ravel(),
        }
        pq.write_table(pa.table(list(columns.values()), schema=COUPON_EFFECTS), draft.path(name))
        draft.close_file(name)

    def send(self, day: int) -> list[str]:
        """The lines of the day's campaign; none on other days."""
        if day % self._plan.campaigns or not day:
            return []
        rng = self._plan.rng("campaigns", day)
        people = self._shoppers.people[self._shoppers.joined[self._shoppers.people] < day]
        arm = rng.choice(len(ARMS), people.size, p=_ODDS)
        persuaded = rng.random(people.size) < self._chances(people, arm)
        when = day + rng.integers(1, _LATEST + 1, people.size)
        for later in range(day + 1, day + _LATEST + 1):
            self._coming.setdefault(later, []).append(people[persuaded & (when == later)])
        sent = f"{np.datetime64(self._plan.day_start_ms(day) + _SENT_AT_MS, 'ms')}Z"
        return [
            f'{{"user_id":{user},"campaign":"{self._plan.day(day)}","coupon":{json.dumps(ARMS[which])},"sent_at":"{sent}"}}'
            for user, which in zip(self._shoppers.ids.json[people].tolist(), arm.tolist(), strict=True)
        ]

    def _chances(self, people: Ints, arm: Ints) -> Floats:
        padded = np.append(self._chance, np.zeros((len(self._chance), 1)), axis=1)  # of no coupon
        return padded[people, arm]

    def visits(self, day: int) -> tuple[Sessions, Events]:
        """What coupons bring on `day`: one purchase of the favorite category each."""
        user = np.concatenate([*self._coming.pop(day, []), np.empty(0, dtype=np.int64)])
        rng = self._plan.rng("coupon purchases", day)
        item = self._catalogue.draw(self._interests.favorites[user, 0], rng)
        start = self._plan.day_start_ms(day) + rng.integers(0, DAY_MS, user.size)
        one, nothing = np.ones(user.size, dtype=np.int64), np.zeros(user.size, dtype=np.int64)
        events = Events(np.arange(user.size), item, one * PURCHASE, start, one, nothing + NO_QUERY)
        return Sessions(user, start, one, nothing, nothing), events
