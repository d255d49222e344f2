"""Events as JSON lines of the native log format, and when each line reaches the shop's logs."""

import numpy as np
import pandas as pd

from interest_spark.sources.synthetic.catalogue import Catalogue
from interest_spark.sources.synthetic.plan import DAY_MS, Ints, ShopPlan
from interest_spark.sources.synthetic.shoppers import HUMAN, Shoppers
from interest_spark.sources.synthetic.visits import NO_QUERY, SHOP_BEHAVIORS, Events, Sessions
from interest_spark.sources.synthetic.words import PLATFORMS

GOOD, DUPLICATE, BROKEN = range(3)
LINES_PER_FILE = 100_000
_LONGEST_DELAY_MS = 3_000  # from the event to the log, when it is not late
_MIX = 0x9E3779B97F4A7C15  # odd: distinct numbers stay distinct, and look like hashes


class LineWriter:
    """Turns a day's events into lines, each with the day and moment of its arrival."""

    def __init__(self, plan: ShopPlan, catalogue: Catalogue, shoppers: Shoppers) -> None:
        self._plan, self._catalogue, self._shoppers = plan, catalogue, shoppers

    def write_lines(self, sessions: Sessions, events: Events, day: int) -> pd.DataFrame:
        """One row a line: see `line_frame`. Lines that would arrive after the shop's last day are on time instead,
        and events after it have not happened.
        """
        user = sessions.user[events.session]
        happened = (events.time - self._plan.day_start_ms(0)) // DAY_MS
        late = sessions.days_late[events.session]
        late = np.where(happened + late < self._plan.days, late, 0)
        moments = self._moments(events, happened, late, day)
        frame = line_frame(self._texts(sessions, events, day), happened + late, moments)
        frame["user"], frame["days_late"] = user, late
        frame["repeatable"] = (late == 0) & (self._shoppers.bot_kind[user] == HUMAN)
        return frame[frame["arrival"] < self._plan.days]

    def _moments(self, events: Events, happened: Ints, late: Ints, day: int) -> Ints:
        """Milliseconds since 1970 of the arrival: at once, or at any moment of a later day."""
        rng = self._plan.rng("delays", day)
        starts = self._plan.day_start_ms(0) + (happened + late) * DAY_MS
        at_once = events.time + rng.integers(0, _LONGEST_DELAY_MS, events.time.size)
        any_moment = starts + rng.integers(0, DAY_MS, events.time.size)
        return np.minimum(np.where(late > 0, any_moment, at_once), starts + DAY_MS - 1)

    def _texts(self, sessions: Sessions, events: Events, day: int) -> list[str]:
        users = self._shoppers.ids.json[sessions.user[events.session]].tolist()
        visits = np.array(self._visit_parts(sessions, day), dtype=object)[events.session].tolist()
        times = np.datetime_as_string(events.time.astype("datetime64[ms]"), unit="ms").tolist()
        items, actions, queries = self._item_parts(events), self._action_parts(events), self._query_parts(events)
        return [
            f'{{"user_id":{user},"item_id":{item},{action},"event_time":"{time}Z",{query}{visit}}}'
            for user, item, action, time, query, visit in zip(
                users, items, actions, times, queries, visits, strict=True
            )
        ]

    def _item_parts(self, events: Events) -> list[str]:
        items, place = np.unique(events.item, return_inverse=True)
        ids, prices = self._catalogue.ids.json[items].tolist(), self._catalogue.price[items].tolist()
        parts = [f'{item_id},"price":{price}' for item_id, price in zip(ids, prices, strict=True)]
        return np.array(parts, dtype=object)[place].tolist()

    def _visit_parts(self, sessions: Sessions, day: int) -> list[str]:
        numbers = [((day << 32) + place + 1) * _MIX % 2**64 for place in range(sessions.user.size)]
        platforms = self._shoppers.platforms[sessions.user, sessions.device].tolist()
        devices = self._shoppers.device_id(sessions.user, sessions.device)
        return [
            f'"session_id":"s{number:016x}","platform":"{PLATFORMS[platform]}","device_id":"{device}"'
            for number, platform, device in zip(numbers, platforms, devices, strict=True)
        ]

    @staticmethod
    def _action_parts(events: Events) -> list[str]:
        parts = {}
        keys = (events.behavior * 100 + events.quantity).tolist()
        for key in set(keys):
            quantity = f',"quantity":{key % 100}' if key % 100 else ""
            parts[key] = f'"behavior":"{SHOP_BEHAVIORS[key // 100]}"{quantity}'
        return [parts[key] for key in keys]

    def _query_parts(self, events: Events) -> list[str]:
        parts = [f'"query":{query},' for query in self._catalogue.queries.tolist()]
        return ["" if query == NO_QUERY else parts[query] for query in events.query.tolist()]


def line_frame(text: list[str], arrival: Ints, moment: Ints) -> pd.DataFrame:
    """Lines on their way into the logs; good and nobody's, until the columns say otherwise.

    Columns: `text`; `arrival` (day number) and `moment` (ms since 1970, orders the day's lines); `label` (GOOD,
    DUPLICATE, BROKEN) and `kind` within the label; `user` (-1: none) and `days_late`; `repeatable` (may be sent
    twice); `original_day` and `original_row` of what a duplicate copies.
    """
    frame = pd.DataFrame({"text": np.array(text, dtype=object), "arrival": arrival, "moment": moment})
    return frame.assign(label=GOOD, kind=0, user=-1, days_late=0, repeatable=False, original_day=-1, original_row=-1)
