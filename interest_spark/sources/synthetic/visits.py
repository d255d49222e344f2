"""What happened in the shop: sessions, and the events in them, as aligned arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from interest_spark.sources.synthetic.plan import Ints

SHOP_BEHAVIORS = ("view", "cart", "favorite", "purchase")
VIEW, CART, FAVORITE, PURCHASE = range(len(SHOP_BEHAVIORS))
NO_QUERY = -1


@dataclass(frozen=True)
class Sessions:
    """One entry a session, all of the shape (sessions,)."""

    user: Ints
    start: Ints  # milliseconds since 1970, UTC
    length: Ints  # views and what follows them: events
    device: Ints  # which of the user's devices
    days_late: Ints  # how many days after it happened the session is delivered


@dataclass(frozen=True)
class Events:
    """One entry an event, all of the shape (events,)."""

    session: Ints  # place in the sessions
    item: Ints
    behavior: Ints  # place in SHOP_BEHAVIORS
    time: Ints  # milliseconds since 1970, UTC
    quantity: Ints  # 0 where there is none
    query: Ints  # place in the catalogue's queries, or NO_QUERY


def concatenate(parts: list[Events]) -> Events:
    """All events, part by part."""
    return Events(*_stack(parts))


def together(people: tuple[Sessions, Events], bots: tuple[Sessions, Events]) -> tuple[Sessions, Events]:
    """The sessions and events of both, as one table of each."""
    offset = people[0].user.size
    moved = replace(bots[1], session=bots[1].session + offset)
    return Sessions(*_stack([people[0], bots[0]])), concatenate([people[1], moved])


def _stack(parts: Sequence[Sessions | Events]) -> list[Ints]:
    return [np.concatenate(column) for column in zip(*(vars(part).values() for part in parts), strict=True)]
