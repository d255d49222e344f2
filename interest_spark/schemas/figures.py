"""What the quality gates measure: one declaration a figure, and how each is compared with its own history."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

INGEST, PUBLISH = "ingest", "publish"
"""The gates: one looks at a day's events before anything is made of them, one at lists before anybody sees them."""

Action = Literal["block", "warn", "ignore"]
Side = Literal["both", "high", "low"]

_CLUSTERED = 8.0
"""Events come in visits, so that chance moves a count as much as if there were so many times fewer of them."""


@dataclass(frozen=True)
class Scale:
    """How values are laid out so that their chance variation is alike everywhere.

    `least`: a smaller change, on the scale, is never an alarm. `chance` is the standard deviation that chance alone
    gives a value that is expected to be the first argument and was measured on so many as the second.
    """

    to: Callable[[float], float]
    back: Callable[[float], float]
    least: float
    chance: Callable[[float, int], float]


def _arc_sine(share: float) -> float:
    return math.asin(math.sqrt(min(max(share, 0.0), 1.0)))


def _share_of_arc(arc: float) -> float:
    return math.sin(min(max(arc, 0.0), math.pi / 2)) ** 2


def _of_sample(_: float, count: int) -> float:
    return 0.5 * math.sqrt(_CLUSTERED / max(count, 1))


def _of_count(expected: float, _: int) -> float:
    return math.sqrt(_CLUSTERED / (max(expected, 0.0) + 1))


def _number_of_log(log: float) -> float:
    return math.expm1(min(log, 700.0))


COUNT = Scale(math.log1p, _number_of_log, 0.3, _of_count)
"""Compared by its logarithm: a quarter less, or a third more, is never an alarm."""
PART_COUNT = replace(COUNT, least=0.5)
"""Of a part of all, which is moved by single users: a third less, or two thirds more, is never an alarm."""
RATIO = Scale(math.log1p, _number_of_log, 0.4, _of_sample)
SHARE = Scale(_arc_sine, _share_of_arc, 0.1, _of_sample)
"""Variance-stabilised by the arc sine: from 0 to 1 %, or from 50 to 60 %, is never an alarm."""
SPIKE = replace(SHARE, least=0.6)
"""A share that single users may move far on an ordinary day: from 2 to 45 % is never an alarm."""
DISTANCE = Scale(lambda psi: math.sqrt(max(psi, 0.0)), lambda root: root * root, 0.25, _of_sample)
"""Population stability index, by its root, which is about a distance; 0.06 more than usual is never an alarm."""
HOURS = Scale(float, float, 4.0, lambda *_: 0.0)


@dataclass(frozen=True)
class Figure:
    """One figure. A `family` has one for each label, named `<name>:<label>`; `drift`: the value is told by comparing
    shares with those of earlier days. `side` is the harmful one. `limit`: a higher share is never right, history or
    not. `follows_traffic`: on announced days it may be far from usual.
    """

    gate: str
    name: str
    scale: Scale
    side: Side
    meaning: str
    family: bool = False
    drift: bool = False
    limit: float | None = None

    @property
    def follows_traffic(self) -> bool:
        return self.scale in (COUNT, PART_COUNT)


FIGURES = (
    Figure(INGEST, "events", COUNT, "both", "accepted events"),
    Figure(INGEST, "users", COUNT, "both", "users with an event"),
    Figure(INGEST, "lines", COUNT, "both", "raw lines of each kind: `events`, `items`, `users`", family=True),
    Figure(
        INGEST, "source", PART_COUNT, "both", "raw event lines by the name of their file, without digits", family=True
    ),
    Figure(INGEST, "platform", PART_COUNT, "both", "users of each platform", family=True),
    Figure(INGEST, "catalogue", COUNT, "low", "items known as of the day"),
    Figure(INGEST, "events_per_user", RATIO, "both", "accepted events divided by users"),
    Figure(INGEST, "nulls", SHARE, "high", "share of events without a value, by column", family=True),
    Figure(INGEST, "duplicates", SHARE, "high", "share of raw event lines that are copies", limit=0.5),
    Figure(INGEST, "quarantined", SHARE, "high", "share of raw event lines that are refused, by reason", family=True),
    Figure(INGEST, "late", SHARE, "high", "share of events of an earlier day than the delivery's"),
    Figure(INGEST, "one_second", SHARE, "high", "largest share of events within one second", limit=0.5),
    Figure(INGEST, "one_user", SPIKE, "high", "largest share of events of one user", limit=0.9),
    Figure(INGEST, "quiet_end", HOURS, "high", "hours from the last event to the end of the day"),
    Figure(INGEST, "silent_hours", HOURS, "high", "hours of the day without an event"),
    Figure(INGEST, "unknown_items", SHARE, "high", "share of events of items that the catalogue does not have"),
    Figure(INGEST, "new_items", SHARE, "high", "share of events of items without an event in the delivery before"),
    Figure(INGEST, "new_users", SHARE, "high", "share of users without an event in the delivery before"),
    Figure(INGEST, "drift:behavior", DISTANCE, "high", "how the shares of behaviors have moved (PSI)", drift=True),
    Figure(INGEST, "drift:category", DISTANCE, "high", "of the items' categories", drift=True),
    Figure(INGEST, "drift:price", DISTANCE, "high", "of prices, each twice the one before", drift=True),
    Figure(INGEST, "drift:platform", DISTANCE, "high", "of platforms", drift=True),
    Figure(INGEST, "drift:hour", DISTANCE, "high", "of the hours of the shop's day", drift=True),
    Figure(PUBLISH, "lists", COUNT, "both", "users with suggestions"),
    Figure(PUBLISH, "without_list", SHARE, "high", "share of users, bots apart, without any suggestion", limit=0.5),
    Figure(PUBLISH, "short_lists", SHARE, "high", "share of lists that are shorter than `score.k`"),
    Figure(PUBLISH, "list_source", SHARE, "high", "share of suggestions from each source", family=True),
    Figure(PUBLISH, "overlap", SHARE, "low", "share of suggestions that the user's last lists had as well"),
    Figure(PUBLISH, "coverage", SHARE, "low", "share of the items with events lately that are suggested to anybody"),
    Figure(PUBLISH, "top_item", SPIKE, "high", "largest share of lists that one item is in"),
    Figure(PUBLISH, "drift:score", DISTANCE, "high", "how the model's scores have moved (PSI)", drift=True),
)


def figure_of(name: str) -> Figure:
    """The declaration of a figure, by its own name or as one of a family.

    >>> figure_of("nulls:price").name, figure_of("drift:hour").name
    ('nulls', 'drift:hour')
    """
    own = [each for each in FIGURES if each.name == name]
    return own[0] if own else next(each for each in FIGURES if each.family and each.name == name.split(":", 1)[0])
