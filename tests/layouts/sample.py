"""What an invented log of a public layout holds, known as it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LINES = 2_000
USERS, ITEMS = 40, 60
Row = tuple[str, str | None, str, datetime, float | None]
"""Of an event: user, item, canonical behavior, time and price."""


@dataclass(frozen=True)
class Sample:
    """The `day` to ingest, what must become of the `lines` with all their elements, and some rows that must be there.

    `exploded` are the rows beyond the first of each line; `items` has values of the day's items by id and column.
    """

    day: str
    events: int
    some: Sequence[Row]
    duplicates: int = 0
    ignored: int = 0
    quarantined: Mapping[str, int] = field(default_factory=dict)
    exploded: int = 0
    lines: int = LINES
    items: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def is_copy(n: int) -> bool:
    """Whether line n says the same again as the one before it."""
    return n % 50 == 49


def is_broken(n: int) -> bool:
    """Whether line n lacks what an event needs."""
    return n % 200 == 100


COPIES = sum(map(is_copy, range(LINES)))
BROKEN = sum(map(is_broken, range(LINES)))


def at(start: datetime, n: int) -> datetime:
    """Its own second for each line, but that of the one before it for a copy."""
    return start + timedelta(seconds=(n - is_copy(n)) * 37)


def user(n: int) -> int:
    """A number of a user, from 1."""
    return (n - is_copy(n)) % USERS + 1


def item(n: int) -> int:
    """A number of an item, from 1."""
    return (n - is_copy(n)) * 7 % ITEMS + 1
