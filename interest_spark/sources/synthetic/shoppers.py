"""The shop's users: people with habits and devices, a few very keen, and some that are machines."""

import numpy as np

from interest_spark.sources.synthetic.ids import UNUSUAL_USERS, json_line, make_ids, unusual_count
from interest_spark.sources.synthetic.plan import Ints, ShopPlan
from interest_spark.sources.synthetic.words import PLATFORMS, REGIONS

BOT_KINDS = ("high_volume", "steady_rhythm", "round_the_clock")
HUMAN = -1
_BOT_SHARE = 0.01
_KEEN_SHARE = 0.005
_LATER_SHARE = 0.2  # of the people join after the first day
_REGULARS = len(UNUSUAL_USERS)  # shop every day, so that no day is empty and unusual ids are seen
_MEAN_VISITS = 0.255  # a day
_HEX = np.uint64(0x9E3779B97F4A7C15)  # odd, so multiplying is one-to-one and device ids look like hashes


class Shoppers:
    """All users by index; every array has the shape (users,) unless said.

    `bot_kind` is the place in BOT_KINDS or HUMAN; `joined` the day number on which the user is delivered,
    0 or the day of the first event; a machine begins its work on that day;
    `visit_rate` visits a day; `keen` people come often and stay long, yet within what people do;
    `hours_ahead` of UTC; `devices` how many; `platforms` (users, 3) one per device.
    """

    def __init__(self, plan: ShopPlan) -> None:
        rng = plan.rng("shoppers")
        self._plan = plan
        self.regulars = min(_REGULARS, plan.users)
        self.bot_kind, self.keen = _roles(plan.users, self.regulars, rng)
        self.joined = _join_days(plan, self.bot_kind, self.regulars, rng)
        self.visit_rate = np.minimum(rng.lognormal(np.log(_MEAN_VISITS) - 0.4, 0.9, plan.users), 1.5)
        region = rng.choice(len(REGIONS), plan.users, p=[share for _, _, share in REGIONS])
        self.hours_ahead = np.array([hours for _, hours, _ in REGIONS])[region] + rng.normal(0, 1.0, plan.users)
        self.devices = 1 + rng.binomial(2, 0.35, plan.users)
        self.platforms = rng.choice(len(PLATFORMS), (plan.users, 3), p=[0.3, 0.4, 0.2, 0.1])
        self._region = region
        self._gender = rng.choice(3, plan.users, p=[0.45, 0.48, 0.07])
        self._birth_day = rng.integers(0, 365, plan.users)
        self._age = np.clip(rng.normal(36, 12, plan.users), 16, 85).astype(np.int64)
        places = np.arange(unusual_count(plan.users, UNUSUAL_USERS))
        self.ids = make_ids("u", plan.users, UNUSUAL_USERS, places, rng)

    @property
    def people(self) -> Ints:
        """The users who are no machines, ascending."""
        return np.flatnonzero(self.bot_kind == HUMAN)

    @property
    def bots(self) -> Ints:
        """The users who are machines, ascending."""
        return np.flatnonzero(self.bot_kind != HUMAN)

    def open_day(self, day: int) -> Ints:
        """The users to deliver on `day`: who joins, and whose age changes."""
        joining = np.flatnonzero(self.joined == day)
        if day == 0:
            return joining
        members = np.flatnonzero(self.joined < day)
        older = members[self._birth_day[members] == day % 365]
        older = older if older.size else members[day % members.size : day % members.size + 1]
        self._age[older] += 1
        return np.union1d(joining, older)

    def user_line(self, user: int) -> str:
        """The user's line as it is delivered."""
        fields = {
            "gender": ("male", "female", None)[self._gender[user]],
            "age": int(self._age[user]),
            "region": REGIONS[self._region[user]][0],
        }
        return json_line("user_id", self.ids.json[user], fields)

    def device_id(self, user: Ints, device: Ints) -> list[str]:
        """A device's id, 16 hexadecimal digits; shape as given."""
        number = (user * 4 + device + 1).astype(np.uint64) * _HEX
        return [f"{value:016x}" for value in number.tolist()]


def _roles(users: int, regulars: int, rng: np.random.Generator) -> tuple[Ints, np.ndarray]:
    bots = _share_of(users, _BOT_SHARE, least=len(BOT_KINDS))
    keen = _share_of(users, _KEEN_SHARE, least=2)
    others = regulars + rng.permutation(users - regulars)
    bot_kind = np.full(users, HUMAN, dtype=np.int64)
    bot_kind[others[:bots]] = np.arange(bots) % len(BOT_KINDS)
    is_keen = np.zeros(users, dtype=np.bool_)
    is_keen[others[bots : bots + keen]] = True
    return bot_kind, is_keen


def _share_of(users: int, share: float, least: int) -> int:
    if users >= 100:
        return max(round(users * share), least)
    return 1 if users >= 20 else 0


def _join_days(plan: ShopPlan, bot_kind: Ints, regulars: int, rng: np.random.Generator) -> Ints:
    later = (rng.random(plan.users) < _LATER_SHARE) | (bot_kind != HUMAN)
    joined = np.where(later, rng.integers(0, plan.days, plan.users), 0)
    joined[:regulars] = 0
    return joined
